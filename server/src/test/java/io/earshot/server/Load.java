package io.earshot.server;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A room under load while something fails. Each server has two clients that send numbered messages,
 * a few at a time, and one that only receives. Afterwards {@link #judge} counts what was lost,
 * doubled or reordered.
 *
 * <p>Owned by the test's thread; what other threads change is under the lock of the clients.
 */
final class Load implements AutoCloseable {
  private static final long TICK_MILLIS = 20;
  private static final int WINDOW = 6;

  /** A message that was sent, and its answer. */
  private static final class Said {
    final String text;
    final RoomClient speaker;
    final long at = System.nanoTime();
    boolean answered;
    boolean ok;
    @Nullable Cursor place;
    @Nullable String refusal;

    Said(String text, RoomClient speaker) {
      this.text = text;
      this.speaker = speaker;
    }
  }

  /**
   * A client that sends numbered messages: a few at a time, whatever the answers are; or one at a
   * time with a message id, repeated until the answer is OK.
   */
  private final class Speaker {
    final RoomClient client;
    final boolean repeats;
    int number;
    int open;
    @Nullable Said refused;

    Speaker(RoomClient client, boolean repeats) {
      this.client = client;
      this.repeats = repeats;
    }

    void tick() {
      if (refused != null && open == 0) {
        say(refused);
      }
      for (int i = 0; speaking.get() && i < 2 && open < (repeats ? 1 : WINDOW); i++) {
        say();
      }
    }

    void say() {
      var said = new Said(client.name() + "-" + ++number, client);
      texts.put(said.text, said);
      say(said);
    }

    private void say(Said said) {
      refused = null;
      open++;
      Map<String, String> words =
          repeats
              ? Map.of("event", "say", "message", said.text, "messageId", said.text)
              : Map.of("event", "say", "message", said.text);
      var _ =
          client
              .send(words)
              .whenComplete((answer, _) -> RoomClient.locked(() -> answered(said, answer)));
    }

    boolean isDone() {
      return open == 0 && refused == null;
    }

    private void answered(Said said, Json.@Nullable Obj answer) {
      open--;
      if (answer == null) {
        return;
      }
      said.answered = true;
      said.ok = answer.get("error") == null;
      said.place = JsonFields.cursor(answer);
      said.refusal = said.ok ? null : JsonFields.text(answer, "error");
      if (repeats && !said.ok) {
        again++;
        refused = said;
      }
    }
  }

  private final String room;
  private final ScheduledExecutorService clock =
      Executors.newScheduledThreadPool(1, Thread.ofPlatform().daemon().name("load").factory());
  private final List<Peer> peers;
  private final Set<Peer> gone = new HashSet<>();
  private final List<Speaker> speakers = new ArrayList<>();
  private final List<RoomClient> listeners = new ArrayList<>();
  private final Map<RoomClient, Long> late = new HashMap<>();
  private final Map<String, Said> texts = new ConcurrentHashMap<>();
  private final AtomicBoolean speaking = new AtomicBoolean(true);

  // Under the lock of the clients.
  private long healedSince = Long.MAX_VALUE;
  private long healedAt;
  private int again;
  private final Set<String> deaf = new LinkedHashSet<>();

  /**
   * Connects the clients and starts the load.
   *
   * @param repeats whether one of the two senders on each server repeats refused messages; false
   *     for a Redis that loses message ids
   */
  Load(String room, List<Peer> peers, boolean repeats) throws InterruptedException {
    this.room = room;
    this.peers = List.copyOf(peers);
    for (Peer peer : peers) {
      ready(peer);
    }
    for (Peer peer : peers) {
      String prefix = "s" + peer.id();
      speakers.add(new Speaker(client(prefix + "1", peer, false), false));
      speakers.add(new Speaker(client(prefix + "2", peer, peer == peers.getFirst()), repeats));
      listeners.add(client("l" + peer.id(), peer, false));
    }
    var _ = clock.scheduleAtFixedRate(this::tick, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
    long enough = 10;
    RoomClient.await(
        "the first texts",
        () -> listeners.stream().allMatch(each -> each.received().size() > enough));
  }

  /** Waits until a server has recovered from the test before. */
  private static void ready(Peer peer) {
    try (var probe = new RoomClient("probe", peer, "ready")) {
      Await.until(
          () -> peer + " is ready: " + peer.log(),
          Await.LIMIT,
          () -> probe.say("ready?").get("error") == null);
    }
  }

  private RoomClient client(String name, Peer peer, boolean isWebSocket) {
    return new RoomClient(name, peer, room, isWebSocket, this::received);
  }

  /** Adds a client that only receives, and is judged as well. */
  RoomClient listener(String name, Peer peer) {
    RoomClient client = client(name, peer, false);
    late.put(client, System.nanoTime());
    listeners.add(client);
    return client;
  }

  private void tick() {
    RoomClient.locked(
        () -> speakers.stream().filter(each -> !each.client.ended()).forEach(Speaker::tick));
  }

  private ScheduledFuture<?> after(Duration delay, Fault fault) {
    return clock.schedule(
        () -> {
          fault.run();
          return true;
        },
        delay.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /** A failure of a server, of Redis or of a link; or the end of one. */
  interface Fault {
    void run() throws Exception;
  }

  /** Keeps up the load for a time, and then causes or ends a fault. */
  void hold(Duration time, Fault then) throws InterruptedException {
    try {
      after(time, then).get(time.toMillis() + 30_000, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  /** Leaves the clients of this server out of the verdict: it was ended. */
  void gone(Peer peer) {
    gone.add(peer);
  }

  RoomClient listener(Peer peer) {
    return listeners.stream().filter(each -> each.peer() == peer).findFirst().orElseThrow();
  }

  private List<RoomClient> speakers(Peer peer) {
    return speakers.stream().map(each -> each.client).filter(each -> each.peer() == peer).toList();
  }

  /** All clients of a server. */
  List<RoomClient> at(Peer peer) {
    var all = new ArrayList<>(speakers(peer));
    listeners.stream().filter(each -> each.peer() == peer).forEach(all::add);
    return all;
  }

  // --- healing -----------------------------------------------------------------------------------

  /**
   * Waits until messages sent on each server from now on arrive on each other server.
   *
   * @return how long that took, in seconds
   */
  double heal() throws InterruptedException {
    long now = System.nanoTime();
    RoomClient.locked(
        () -> {
          deaf.clear();
          for (Peer from : peers) {
            for (Peer to : peers) {
              if (from != to && !gone.contains(from) && !gone.contains(to)) {
                deaf.add(from + ">" + to);
              }
            }
          }
          healedAt = now;
          healedSince = now;
        });
    if (!RoomClient.comes(Await.LIMIT, deaf::isEmpty)) {
      throw new AssertionError("in " + room + " nothing arrives on " + deaf);
    }
    return (healedAt - now) / 1e9;
  }

  private void received(RoomClient receiver, RoomClient.Received message) {
    Said said = texts.get(message.text());
    if (said != null && said.at >= healedSince && !deaf.isEmpty()) {
      deaf.remove(said.speaker.peer() + ">" + receiver.peer());
      healedAt = message.at();
    }
  }

  // --- judging -----------------------------------------------------------------------------------

  String room() {
    return room;
  }

  /** How many messages have been refused until now. */
  long refused() {
    return texts.values().stream().filter(said -> said.answered && !said.ok).count();
  }

  /** Waits until messages arrive everywhere and all requests are answered, and then judges. */
  Verdict judge(String fault) throws InterruptedException {
    return judge(fault, heal());
  }

  /** The same, when {@link #heal} was called before. */
  Verdict judge(String fault, double healed) throws InterruptedException {
    speaking.set(false);
    List<Speaker> here = speakers.stream().filter(each -> isHere(each.client)).toList();
    var _ = RoomClient.comes(Duration.ofSeconds(15), () -> here.stream().allMatch(Speaker::isDone));
    // One more message each: all messages before it have arrived when it arrives.
    RoomClient.locked(() -> here.forEach(Speaker::say));
    var _ = RoomClient.comes(Duration.ofSeconds(5), () -> here.stream().allMatch(Speaker::isDone));
    var _ = RoomClient.comes(Duration.ofSeconds(5), () -> lost().isEmpty());
    var verdict = new Verdict[1];
    RoomClient.locked(() -> verdict[0] = verdict(healed));
    Faults.add(fault, verdict[0]);
    return verdict[0];
  }

  private boolean isHere(RoomClient client) {
    return !gone.contains(client.peer()) && !client.ended();
  }

  private List<RoomClient> judged() {
    var all = new ArrayList<>(listeners);
    speakers.forEach(each -> all.add(each.client));
    all.removeIf(each -> !isHere(each));
    return all;
  }

  private Verdict verdict(double healed) {
    var details = new ArrayList<String>();
    List<String> lost = lost();
    lost.forEach(each -> details.add("lost " + each));
    int doubled = 0;
    int reordered = 0;
    int gaps = 0;
    for (RoomClient client : judged()) {
      var seen = new HashSet<String>();
      var numbers = new HashMap<String, Integer>();
      var ends = new HashMap<String, Long>();
      String epoch = "";
      gaps += client.gaps().isEmpty() ? 0 : 1;
      for (RoomClient.Received message : client.received()) {
        String text = message.text();
        if (!texts.containsKey(text)) {
          details.add("strange " + client + " " + message);
        }
        if (!seen.add(text)) {
          doubled++;
          details.add("doubled " + client + " " + message);
          continue;
        }
        int dash = text.lastIndexOf('-');
        int number = dash < 0 ? 0 : Integer.parseInt(text.substring(dash + 1));
        Integer before = numbers.put(text.substring(0, Math.max(0, dash)), number);
        Long end = ends.put(message.place().epoch(), message.place().offset());
        boolean isBack = !epoch.equals(message.place().epoch()) && end != null;
        if ((before != null && number <= before)
            || (end != null && message.place().offset() <= end)
            || isBack) {
          reordered++;
          details.add("reordered " + client + " " + message + " after " + before + ", " + end);
        }
        epoch = message.place().epoch();
        Said said = texts.get(text);
        Cursor place = said == null ? null : said.place;
        if (place != null
            && place.epoch().equals(message.place().epoch())
            && place.offset() != message.place().offset()) {
          details.add("strange place " + place + " of " + client + " " + message);
        }
      }
    }
    int ok = 0;
    int refused = 0;
    var refusals = new TreeMap<String, Integer>();
    int unanswered = 0;
    for (Said said : texts.values()) {
      if (said.ok) {
        ok++;
      } else if (said.answered) {
        refused++;
        refusals.merge(String.valueOf(said.refusal), 1, Integer::sum);
      } else {
        unanswered++;
      }
    }
    refusals.forEach((text, count) -> details.add("refused " + count + " times: " + text));
    return new Verdict(
        texts.size(),
        ok,
        refused,
        unanswered,
        again,
        lost.size(),
        doubled,
        reordered,
        gaps,
        healed,
        details);
  }

  /** The messages that were answered OK, and not received by a client that was told of no gap. */
  private List<String> lost() {
    var lost = new ArrayList<String>();
    for (RoomClient client : judged()) {
      var received = new LinkedHashMap<String, RoomClient.Received>();
      client.received().forEach(each -> received.put(each.text(), each));
      for (Said said : texts.values()) {
        if (said.ok
            && said.speaker != client
            && said.at > late.getOrDefault(client, Long.MIN_VALUE)
            && !received.containsKey(said.text)
            && !isInGap(client, said.place)) {
          lost.add(said.text + " at " + said.place + " by " + client);
        }
      }
    }
    return lost;
  }

  private static boolean isInGap(RoomClient client, @Nullable Cursor place) {
    return place != null
        && client.gaps().stream()
            .anyMatch(
                gap ->
                    gap.epoch().equals(place.epoch())
                        && gap.from() <= place.offset()
                        && place.offset() <= gap.to());
  }

  @Override
  public void close() {
    speaking.set(false);
    clock.shutdownNow();
    speakers.forEach(each -> each.client.close());
    listeners.forEach(RoomClient::close);
  }
}
