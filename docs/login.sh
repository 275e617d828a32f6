SECRET=put-a-long-random-text-of-your-own-here
./earshot --tcp 5000 --http 8080 --set tokens.keys="app HS256 $SECRET" --set users.required=true &
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
SIGNED=$(printf '{"alg":"HS256"}' | base64url).$(printf '{"sub":"ada","name":"Ada","exp":9999999999}' | base64url)
TOKEN=$SIGNED.$(printf %s "$SIGNED" | openssl dgst -sha256 -hmac "$SECRET" -binary | base64url)
echo "nc localhost 5000, and there: login $TOKEN"; trap 'kill 0' INT; wait
