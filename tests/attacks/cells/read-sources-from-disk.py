import os
print("TRIED")
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in names:
        if name.endswith((".ipynb", ".py", ".sh")) and "/site-packages/" not in folder:
            try:
                text = open(os.path.join(folder, name), errors="replace").read(2_000_000)
            except OSError:
                continue
            if "docker run --detach --name site" in text or "docker run -d --name site" in text or text.startswith("# expect: "):
                print("LEAK", folder, name)
