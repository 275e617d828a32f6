package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.FeedEvent;
import io.earshot.protocol.Json;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A back end, and a clock that moves only when the webhook waits.
 *
 * <p>Owned by the test's thread.
 */
final class VirtualBackEnd implements Transport, WebhookClock {
  /** A request. */
  record Request(String id, List<String> events, long at, String body) {}

  final List<Request> requests = new ArrayList<>();

  /** The ids of the events that were accepted, in their order. */
  final List<String> accepted = new ArrayList<>();

  final List<String> problems = new ArrayList<>();
  final DeadLetters letters = new DeadLetters(1_000);
  final Map<String, String> ids = new HashMap<>();

  /** Answers a request with a status, by its events. */
  Function<List<String>, Integer> status = ignored -> 200;

  long retryAfter;
  double random = 0;
  long now = 5_000;
  long wall = 1_800_000_000_000L;

  Webhook webhook(String... words) {
    String line = "all * https://app.example.org/events name=shop " + String.join(" ", words);
    return new Webhook(
        WebhookRule.parse(List.of(line.strip())).getFirst(),
        Duration.ofHours(24),
        this,
        this,
        () -> random,
        letters,
        (name, what) -> problems.add(name + ": " + what));
  }

  /** Events of the rooms whose names are given, with the ids 0, 1, ... */
  List<FeedEvent> events(int count) {
    var events = new ArrayList<FeedEvent>();
    for (int i = 0; i < count; i++) {
      events.add(event(Integer.toString(i), wall, Json.of("text " + i)));
    }
    return events;
  }

  static FeedEvent event(String id, long at, Json message) {
    return new FeedEvent(
        id, FeedEvent.Type.MESSAGE, "attic", at, new Json.Obj(Map.of("message", message)));
  }

  @Override
  public Answer post(URI url, String id, byte[] body, Duration timeout) {
    String text = new String(body, UTF_8);
    List<String> events =
        Arrays.stream(text.split("\"id\":\"", -1))
            .skip(1)
            .map(each -> each.split("\"")[0])
            .toList();
    requests.add(new Request(id, events, now, text));
    int answer = status.apply(events);
    if (answer >= 200 && answer <= 299) {
      accepted.addAll(events);
    }
    return new Answer(answer, "it answered with the status " + answer, retryAfter);
  }

  List<String> dead() throws Exception {
    return letters.ids();
  }

  /** The pauses between the requests, in milliseconds. */
  List<Long> pauses() {
    var pauses = new ArrayList<Long>();
    for (int i = 1; i < requests.size(); i++) {
      pauses.add(requests.get(i).at() - requests.get(i - 1).at());
    }
    return pauses;
  }

  @Override
  public long elapsed() {
    return now;
  }

  @Override
  public long wall() {
    return wall;
  }

  @Override
  public void sleep(long millis) {
    if (millis < 0 || requests.size() > 100_000) {
      throw new AssertionError("a pause of " + millis);
    }
    now += millis;
    wall += millis;
  }
}
