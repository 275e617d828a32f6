KEY='k1 HS256 put-a-long-random-text-of-your-own-here'
./earshot --tcp 5000 --http 8080 --set tokens.keys="$KEY" &
TOKEN=$(./earshot token --room private.attic --identity ada --can join,say --for 1h --set tokens.keys="$KEY")
echo "nc localhost 5000, and there: roomChange private.attic token=$TOKEN"; trap 'kill 0' INT; wait
