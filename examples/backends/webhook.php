<?php // Receives webhooks: checks the signature and the time, and stores each event once. php -S 127.0.0.1:9000 webhook.php
$key = base64_decode(substr(getenv('WEBHOOK_SECRET'), strlen('whsec_')));
[$id, $at, $signatures] = array_map(fn($name) => $_SERVER['HTTP_WEBHOOK_' . $name] ?? '', ['ID', 'TIMESTAMP', 'SIGNATURE']);
$body = file_get_contents('php://input');
$right = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
$matches = array_filter(explode(' ', $signatures), fn($each) => hash_equals($right, $each));
if (!$matches || abs(time() - (int) $at) > 300) {
    http_response_code(401);
    exit;
}
@mkdir('webhook.events');
foreach (json_decode($body)->events as $event) {
    $file = 'webhook.events/' . hash('sha256', $event->id);
    if (!is_file($file)) { // a repeated event is ignored
        file_put_contents("$file.new", json_encode($event));
        rename("$file.new", $file);
    }
}
http_response_code(204);
