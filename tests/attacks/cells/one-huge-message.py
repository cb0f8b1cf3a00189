print("TRIED", flush=True)
from IPython.display import display
display({"text/plain": "x" * 200_000_000}, raw=True)
"y" * 100_000_000
