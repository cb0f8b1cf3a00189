from IPython.display import HTML, Javascript, display
print("TRIED <script>alert('stream')</script>")
display(HTML("<script>alert('html')</script>"), Javascript("alert('js')"))
raise RuntimeError("<script>alert('error')</script>")
