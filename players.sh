player() {  # NAME "MORE LABELS" IMAGE "COMMAND": a Deployment of one pod, with a service account of its name
cat <<END
apiVersion: v1
kind: ServiceAccount
metadata: {name: $1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1, $2}}
    spec:
      serviceAccountName: $1
      terminationGracePeriodSeconds: 1
      containers:
        - {name: main, image: "$3", $4}
---
END
}
door() {  # NAME "LABELS" [PORT]: a Service before the pods with these labels
cat <<END
apiVersion: v1
kind: Service
metadata: {name: $1}
spec: {selector: {$2}, ports: [{name: http, port: ${3:-8000}}]}
---
END
}
server='args: [api], readinessProbe: {httpGet: {path: /readyz, port: 8000}, periodSeconds: 1}'
page='args: [web], readinessProbe: {httpGet: {path: /healthz, port: 8000}, periodSeconds: 1}'
caller='command: [sh, -c, "trap exit TERM; sleep infinity & wait"]'
no_proxy='sidecar.istio.io/inject: "false"'
