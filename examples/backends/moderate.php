<?php
$body = file_get_contents('php://input');
$sentAt = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
$signed = ($_SERVER['HTTP_WEBHOOK_ID'] ?? '') . ".$sentAt.$body";
$secret = base64_decode(substr(getenv('EARSHOT_SECRET'), strlen('whsec_')));
$signature = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $secret, true));
$isOurs = false;
foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $each) {
    $isOurs = $isOurs || hash_equals($signature, $each);
}
if (!$isOurs || abs(time() - (int) $sentAt) > 300) {
    http_response_code(401);
    exit;
}
$text = json_decode($body)->message;
$isBad = !is_string($text) || str_contains($text, 'http');
echo json_encode($isBad
    ? ['refuse' => 'only texts, and no links']
    : ['message' => str_replace('darn', '****', $text)]);
