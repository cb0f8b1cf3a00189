import os, pathlib
print("TRIED")
for name, value in os.environ.items():
    if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD", "_KEY")) and name != "COURSE_TOKEN":
        print("LEAK", name)
for path in ("/etc/shadow", "/root/.ssh", "/root/.netrc", "/root/.config", "/root/.docker", "/root/.npmrc", "/etc/pip.conf", "/etc/apt/sources.list", "/root/.pip"):
    try:
        if pathlib.Path(path).exists():
            print("LEAK", path)
    except PermissionError:
        pass
