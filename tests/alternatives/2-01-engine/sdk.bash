%%bash
for n in 1 2 3; do docker run -d --name py-$n --env NUMBER=$n busybox:1.37 sleep 600; done
