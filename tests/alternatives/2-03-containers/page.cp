%%bash
docker create --name page -p 127.0.0.1:$PAGE_PORT:80 nginx:1.26
echo 'Hello from my container' > index.html
docker cp index.html page:/usr/share/nginx/html/index.html
docker start page
