// Publishes a message and prints its place: EARSHOT_URL=… EARSHOT_KEY=… node publish.mjs ROOM TEXT KEY
const [room, message, key] = process.argv.slice(2);
const response = await fetch(`${process.env.EARSHOT_URL}/admin/publish`, {
  method: 'POST',
  headers: {
    Authorization: `Bearer ${process.env.EARSHOT_KEY}`,
    'Content-Type': 'application/json',
    'Idempotency-Key': key,
  },
  body: JSON.stringify({ messages: [{ room, message }] }),
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (response.status !== 200) {
  throw new Error(answer.detail ?? answer.results[0].error);
}
const [place] = answer.results;
console.log(`${place.room} ${place.epoch}:${place.offset}`);
