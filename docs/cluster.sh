redis-server --port 6379 --save '' > redis.log &
./earshot --redis redis://localhost:6379 --tcp 5001 --http 8081 --id one > one.log &
./earshot --redis redis://localhost:6379 --tcp 5002 --http 8082 --id two > two.log &
trap 'kill 0' INT; wait   # and in two other windows: nc localhost 5001, nc localhost 5002
