print("TRIED")
import subprocess
for name in ("page", "small", "hungry", "passenger", "phoenix", "mayfly"):
    subprocess.run(["docker", "create", "--name", name, "--label", "course=page", "--label", "html=<script>alert(1)</script>", "busybox:1.37", "true"], capture_output=True)
