print("TRIED", flush=True)
block = b"x" * (8 << 20)
try:
    with open("/lab/disk/home/big", "wb") as handle:
        while True:
            handle.write(block)
except OSError as error:
    print(error)
