<?php // Publishes a message and prints its place: EARSHOT_URL=… EARSHOT_KEY=… php publish.php ROOM TEXT KEY
[, $room, $text, $key] = $argv;
$answer = file_get_contents(getenv('EARSHOT_URL') . '/admin/publish', false, stream_context_create(['http' => [
    'method' => 'POST',
    'timeout' => 10,
    'ignore_errors' => true, // to read why
    'header' => [
        'Authorization: Bearer ' . getenv('EARSHOT_KEY'),
        'Content-Type: application/json',
        'Idempotency-Key: ' . $key,
    ],
    'content' => json_encode(['messages' => [['room' => $room, 'message' => $text]]], JSON_THROW_ON_ERROR),
]]));
$place = json_decode((string) $answer, true)['results'][0] ?? ['error' => $answer];
if (isset($place['error'])) {
    fwrite(STDERR, $place['error'] . "\n");
    exit(1);
}
echo "$place[room] $place[epoch]:$place[offset]\n";
