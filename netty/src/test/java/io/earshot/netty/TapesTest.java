package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Kind;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Thousands of connections break while rooms are busy, over real sockets. Each speaker numbers its
 * messages, is disconnected too, and repeats messages that were not answered. Each listener is
 * disconnected again and again, at any moment and in any way, and reconnects at once, with its
 * session or as a new client with its cursors. In the end, what each listener received (its tape)
 * is compared with what a listener received that was never disconnected.
 */
final class TapesTest {
  private static final int SAYS = 400;
  private static final int LISTENERS = 12;

  /**
   * How far a speaker may be ahead of its last listener, so that all are disconnected under load.
   */
  private static final int AHEAD = 60;

  private static final int SHORT_MEMORY = 20;
  private static final String FORGETFUL = "forgetful";
  private static final List<String> ROOMS = List.of("attic", "cellar", FORGETFUL);

  private static final Config LOUD =
      Config.defaults()
          .with("rooms.announcements", false)
          .with("general.resumeWindow", "60s")
          .with("limits.lostClients", 10_000)
          .with("rooms.historyMessages", 1_000)
          .with("rooms.historyBytes", 400_000)
          .with("rooms.rules", FORGETFUL + " historyMessages=" + SHORT_MEMORY);

  @ParameterizedTest
  @EnumSource(names = {"LEAN_LINES", "EPOLL_FRAMES", "DEFLATE_FRAMES"})
  void a_client_gets_each_message_once_and_in_order_however_often_its_connection_breaks(Kind kind)
      throws Exception {
    var paces = new TreeMap<String, Pace>();
    ROOMS.forEach(room -> paces.put(room, new Pace()));
    var listeners = new ArrayList<Listener>();
    var speakers = new ArrayList<Speaker>();
    try (EarshotServer server = kind.start(LOUD);
        var threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      var ready = new CountDownLatch(LISTENERS + 1);
      var work = new ArrayList<Future<?>>();
      listeners.add(new Listener(kind, server, ROOMS, paces, ready, -1));
      for (int i = 0; i < LISTENERS; i++) {
        var rooms = List.of(ROOMS.get(i % 3), ROOMS.get((i + 1) % 3));
        listeners.add(new Listener(kind, server, rooms, paces, ready, i));
      }
      ROOMS.forEach(
          room -> speakers.add(new Speaker(kind, server, room, pace(paces, room), ready)));
      var failures = new LinkedBlockingQueue<Throwable>();
      Consumer<BreakingClient> start =
          person ->
              work.add(
                  threads.submit(
                      () -> {
                        try {
                          person.run();
                        } catch (Throwable e) {
                          failures.add(e);
                          throw e;
                        }
                      }));
      listeners.forEach(start);
      speakers.forEach(start);
      for (Future<?> each : work) {
        try {
          each.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          // The first that failed says why; the others wait for it in vain.
          throw new AssertionError("somebody failed", failures.element());
        }
      }
    }
    Listener tape = listeners.getFirst();
    for (Speaker speaker : speakers) {
      // Each word once, in the order in which it was said, whatever was said again.
      assertThat(tape.heard(speaker.room).values())
          .containsExactlyElementsOf(
              IntStream.rangeClosed(1, SAYS).mapToObj(i -> speaker.room + " " + i).toList());
      speaker.answers.forEach(
          (text, offset) -> assertThat(tape.heard(speaker.room)).containsEntry(offset, text));
      assertThat(speaker.cuts).isGreaterThan(10);
    }
    int cuts = 0;
    for (Listener listener : listeners.subList(1, listeners.size())) {
      cuts += listener.cuts;
      for (String room : listener.rooms) {
        Map<Long, String> all = new TreeMap<>(tape.heard(room));
        assertThat(all.entrySet()).containsAll(listener.heard(room).entrySet());
        all.keySet().removeAll(listener.heard(room).keySet());
        listener.lost.getOrDefault(room, List.of()).forEach(gap -> all.keySet().removeIf(gap::has));
        assertThat(all).as("missed in %s", room).isEmpty();
        assertThat(listener.lost.getOrDefault(room, List.of()))
            .allSatisfy(gap -> assertThat(gap.length()).isGreaterThan(SHORT_MEMORY));
        if (!room.equals(FORGETFUL)) {
          assertThat(listener.lost).doesNotContainKey(room);
        }
      }
    }
    assertThat(cuts).isGreaterThan(800);
  }

  private static Pace pace(Map<String, Pace> paces, String room) {
    return Objects.requireNonNull(paces.get(room));
  }

  /**
   * Messages that the server announced as missing.
   *
   * @param after the last that it knows
   * @param upTo the last that is missing
   */
  private record Gap(long after, long upTo) {
    boolean has(long offset) {
      return offset > after && offset <= upTo;
    }

    long length() {
      return upTo - after;
    }
  }

  /** How far the listeners of a room are. Thread-safe: guarded by its lock. */
  private static final class Pace {
    private final Map<Object, Long> reached = new LinkedHashMap<>();

    synchronized void reached(Object who, long offset) {
      reached.put(who, offset);
      notifyAll();
    }

    synchronized void waitUntil(long offset) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      while (reached.values().stream().anyMatch(at -> at < offset)) {
        wait(1_000);
        assertThat(System.nanoTime()).as("nobody stands still").isLessThan(end);
      }
    }
  }

  /** The stream has ended: another connection has resumed the session. */
  private static final class Replaced extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** A client whose connection breaks. */
  private abstract static class BreakingClient implements Runnable {
    final Kind kind;
    final EarshotServer server;
    final Random random;
    final CountDownLatch ready;
    String session = "";
    Client client;
    int asked;
    int cuts;

    BreakingClient(Kind kind, EarshotServer server, CountDownLatch ready, int seed) {
      this.kind = kind;
      this.server = server;
      this.ready = ready;
      this.random = new Random(seed);
      this.client = kind.open(server);
    }

    /** Reads the welcome of a new session. */
    final void welcomed() {
      Json.Obj welcome = next();
      while (welcome.get("welcome") == null) {
        welcome = next();
      }
      session = text(welcome, "session");
    }

    final Json.Obj next() {
      String next = client.next();
      if (next == null) {
        throw new Replaced();
      }
      return parsed(next);
    }

    /** The answer to a resume brings the token for the next one. */
    final void resumed(Json.Obj answer) {
      assertThat(text(answer, "status")).as("%s", answer).isEqualTo("OK");
      session = text(answer, "session");
    }

    /** Breaks off, in one of the ways in which connections do. */
    final void cut() {
      cuts++;
      switch (random.nextInt(4)) {
        case 0 -> client.close();
        case 1 -> {
          client.shutdownOutput();
          skipRest();
          client.close();
        }
        default -> client.reset();
      }
      client = kind.open(server);
    }

    /**
     * Discards the rest of the input; its end shows that the server has seen the end of the output.
     */
    private void skipRest() {
      int next = 0;
      while (next >= 0) {
        next = client.read();
      }
    }

    final String resume(String after) {
      return ask("{\"event\":\"resume\",\"session\":\"" + session + "\",\"after\":{" + after + "}");
    }

    /** Asks, and returns what the answer is known by. */
    final String ask(String request) {
      String messageId = "q" + asked++;
      client.send(request + ",\"messageId\":\"" + messageId + "\"}");
      return messageId;
    }
  }

  /** Says numbers in one room. */
  private static final class Speaker extends BreakingClient {
    private static final int MOST_UNANSWERED = 8;

    final String room;
    final Map<String, Long> answers = new LinkedHashMap<>();
    private final Pace pace;
    private final Map<String, String> unanswered = new LinkedHashMap<>();

    Speaker(Kind kind, EarshotServer server, String room, Pace pace, CountDownLatch ready) {
      super(kind, server, ready, room.hashCode());
      this.room = room;
      this.pace = pace;
    }

    @Override
    public void run() {
      try {
        welcomed();
        var _ = answerTo(ask("{\"event\":\"roomChange\",\"room\":\"" + room + "\""));
        ready.await();
        for (int i = 1; i <= SAYS; i++) {
          pace.waitUntil(i - AHEAD);
          String text = room + " " + i;
          String say =
              "{\"event\":\"say\",\"message\":\"" + text + "\",\"messageId\":\"" + text + "\"}";
          unanswered.put(text, say);
          client.send(say);
          while (unanswered.size() > random.nextInt(MOST_UNANSWERED)) {
            answered(next());
          }
          if (random.nextInt(12) == 0) {
            cut();
            resumed(answerTo(resume("")));
            unanswered.values().forEach(client::send);
          }
        }
        while (!unanswered.isEmpty()) {
          answered(next());
        }
        client.close();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    private void answered(Json.Obj json) {
      String messageId = text(json, "messageId");
      if (unanswered.remove(messageId) != null) {
        answers.put(messageId, cursor(json).offset());
      }
    }

    private Json.Obj answerTo(String messageId) {
      Json.Obj json = next();
      while (!text(json, "messageId").equals(messageId)) {
        json = next();
      }
      return json;
    }
  }

  /** Receives some rooms, and is disconnected again and again; never if the seed is below 0. */
  private static final class Listener extends BreakingClient {
    final List<String> rooms;
    final Map<String, List<Gap>> lost = new TreeMap<>();
    private final Map<String, Pace> paces;
    private final Map<String, Map<Long, String>> heard = new TreeMap<>();
    private final Map<String, Cursor> cursors = new TreeMap<>();
    private final boolean isCut;

    Listener(
        Kind kind,
        EarshotServer server,
        List<String> rooms,
        Map<String, Pace> paces,
        CountDownLatch ready,
        int seed) {
      super(kind, server, ready, seed);
      this.rooms = rooms;
      this.paces = paces;
      this.isCut = seed >= 0;
      rooms.forEach(room -> pace(paces, room).reached(this, 0));
      rooms.forEach(room -> heard.put(room, new TreeMap<>()));
    }

    Map<Long, String> heard(String room) {
      return Objects.requireNonNull(heard.get(room));
    }

    @Override
    public void run() {
      welcomed();
      listen();
      ready.countDown();
      boolean isBack = true;
      while (!isBack || rooms.stream().anyMatch(room -> at(room).offset() < SAYS)) {
        try {
          if (!isBack) {
            comeBack();
            isBack = true;
          } else {
            hear(next());
          }
          if (isCut && random.nextInt(6) == 0) {
            if (random.nextInt(4) == 0
                && rooms.stream().anyMatch(room -> at(room).offset() < SAYS)) {
              client.read(); // in the middle of a message
            }
            isBack = false;
            cut();
          }
        } catch (Replaced e) {
          // A connection that was cut on its way back had asked for the session, and got it later.
          isBack = false;
          cut();
        }
      }
      client.close();
    }

    private Cursor at(String room) {
      return Objects.requireNonNull(cursors.get(room));
    }

    private void comeBack() {
      if (random.nextBoolean()) {
        welcomed();
        listen();
        return;
      }
      var after = rooms.stream().map(room -> "\"" + room + "\":\"" + at(room) + "\"").toList();
      String messageId = resume(String.join(",", after));
      if (random.nextInt(8) == 0) {
        cut(); // on the way back
        messageId = resume(String.join(",", after));
      }
      Json.Obj answer = next();
      while (!text(answer, "messageId").equals(messageId)) {
        answer = next(); // the visitor's
      }
      resumed(answer);
      List<Json> found = ((Json.Array) Objects.requireNonNull(answer.get("rooms"))).items();
      found.stream()
          .map(Json.Obj.class::cast)
          .filter(room -> rooms.contains(text(room, "room")))
          .forEach(room -> begin(text(room, "room"), room));
    }

    /** Listens to its rooms as a new client, with cursors. */
    private void listen() {
      for (String room : rooms) {
        Cursor known = cursors.get(room);
        String messageId =
            ask(
                "{\"event\":\"listenToRoom\",\"room\":\""
                    + room
                    + (known == null ? "\"" : "\",\"after\":\"" + known + "\""));
        Json.Obj answer = next();
        while (!text(answer, "messageId").equals(messageId)) {
          hear(answer);
          answer = next();
        }
        begin(room, answer);
      }
    }

    private void begin(String room, Json.Obj answer) {
      Cursor now = cursor(answer);
      Cursor known = cursors.putIfAbsent(room, now);
      if (known != null) {
        assertThat(answer.get("recovered")).as("%s", answer).isInstanceOf(Json.Bool.class);
        assertThat(now.epoch()).isEqualTo(known.epoch());
        if (!((Json.Bool) Objects.requireNonNull(answer.get("recovered"))).value()) {
          lost.computeIfAbsent(room, _ -> new ArrayList<>())
              .add(new Gap(known.offset(), now.offset()));
          cursors.put(room, now);
          pace(paces, room).reached(this, now.offset());
        }
      }
    }

    private void hear(Json.Obj json) {
      if (text(json, "status").equals("Bye!")) {
        throw new Replaced();
      }
      String room = text(json, "room");
      Cursor place = cursor(json);
      assertThat(text(json, "context")).as("%s", json).isEqualTo("user");
      // By one, since each client receives every message: none is missing, none arrives twice.
      assertThat(place.offset()).as("%s", json).isEqualTo(at(room).offset() + 1);
      assertThat(place.epoch()).isEqualTo(at(room).epoch());
      cursors.put(room, place);
      heard(room).put(place.offset(), text(json, "message"));
      pace(paces, room).reached(this, place.offset());
    }
  }

  private static Json.Obj parsed(String json) {
    try {
      return (Json.Obj) Json.parse(json);
    } catch (MalformedJsonException e) {
      throw new AssertionError(json, e);
    }
  }

  private static String text(Json.Obj json, String field) {
    Json value = json.get(field);
    return value == null ? "" : String.valueOf(value.asText());
  }

  private static Cursor cursor(Json.Obj json) {
    return new Cursor(text(json, "epoch"), Long.parseLong(text(json, "offset")));
  }
}
