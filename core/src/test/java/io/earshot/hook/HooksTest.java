package io.earshot.hook;

import static java.util.Comparator.comparingInt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Hooks;
import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.RefusedException;
import io.earshot.StandIn;
import io.earshot.Target;
import io.earshot.engine.EngineInside;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.spi.Ending;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Server code that has a say in what clients do: in order, in time, and without harm to others. */
final class HooksTest {
  private static final Pattern SESSION = Pattern.compile("\"session\":\"([^\"]+)\"");

  private TestServer server = new TestServer(2, config());

  /** What hooks were told, in order. */
  private final Queue<String> told = new ConcurrentLinkedQueue<>();

  private static Config config() {
    return TestServer.quiet().with("hooks.timeout", "10s");
  }

  private Hooks hooks() {
    return server.earshot.api().hooks();
  }

  /** Lets the server run until something is so. */
  private void await(String what, BooleanSupplier condition) {
    server.runUntil(what, condition);
  }

  /** Lets the server run until hooks have nothing more to answer, and nobody asks anything. */
  private void rest() {
    server.settle();
    while (EngineInside.hooks(server.earshot).underWay() > 0) {
      await("hooks have answered", () -> EngineInside.hooks(server.earshot).underWay() == 0);
    }
  }

  /** What was answered, once hooks have. */
  private String ask(Guest guest, String line) {
    guest.hear();
    guest.send(line);
    rest();
    return guest.lines.stream()
        .filter(heard -> !heard.contains("\"context\":\"user\""))
        .reduce((a, b) -> b)
        .orElse("");
  }

  private Guest guest(int loop) {
    Guest guest = server.guest(loop, TestServer.Lines.ONE);
    rest();
    return guest;
  }

  private static String in(String room, String text) {
    return Talk.say(room, text);
  }

  /** Words of the JSON vocabulary. */
  private static final class Talk {
    private Talk() {}

    static String say(String room, String text) {
      return "{\"event\":\"say\",\"room\":\"" + room + "\",\"message\":\"" + text + "\"}";
    }

    static String add(String room) {
      return "{\"event\":\"roomAdd\",\"room\":\"" + room + "\"}";
    }

    static String leave(String room) {
      return "{\"event\":\"roomLeave\",\"room\":\"" + room + "\"}";
    }
  }

  // --- what hooks may do -----------------------------------------------------------------------

  @Test
  void each_gets_what_the_one_before_has_left_and_others_hear_what_the_last_one_left() {
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    hooks().onSay("*", say -> say.message().asText() + " one");
    hooks().onSay("other", say -> "nobody is in this room");
    hooks().onSay("default*", say -> Map.of("said", say.message(), "in", say.room()));
    assertThat(ask(speaker, "say x")).contains("OK");
    assertThat(subscriber.hear())
        .last()
        .asString()
        .contains("{\"message\":{\"")
        .contains("\"said\":\"x one\"", "\"in\":\"defaultRoom\"", speaker.id());
  }

  @Test
  void the_first_that_refuses_has_the_last_word() {
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    hooks()
        .onSay(
            "*",
            _ -> {
              throw new RefusedException("not in this server");
            });
    hooks()
        .onSay(
            "*",
            say -> {
              told.add("asked");
              return say.message();
            });
    assertThat(ask(speaker, "say x"))
        .contains("\"error\":\"Error: not in this server\"", "\"room\":\"defaultRoom\"")
        .doesNotContain("OK");
    assertThat(subscriber.heard()).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void joins_and_listens_are_asked_about_and_refused_with_a_reason() {
    hooks()
        .onJoin(
            "club.*",
            join -> {
              told.add(join.what() + " " + join.room());
              if (join.what() == Permission.JOIN
                  && !join.connection().attributes().containsKey("vip")) {
                throw new RefusedException("members only");
              }
            });
    Guest guest = guest(0);
    assertThat(ask(guest, "roomChange club.a")).contains("Error: members only", "club.a");
    assertThat(ask(guest, Talk.add("club.b"))).contains("Error: members only", "club.b");
    assertThat(ask(guest, "listenToRoom club.c")).contains("OK");
    guest.connection().set("vip", "yes");
    assertThat(ask(guest, "roomChange club.a")).contains("OK");
    assertThat(ask(guest, "detailsView")).contains("\"room\":\"club.a\"");
    assertThat(told).containsExactly("JOIN club.a", "JOIN club.b", "LISTEN club.c", "JOIN club.a");
  }

  @Test
  void who_may_not_connect_is_told_why_and_is_in_no_room() {
    hooks()
        .onConnect(
            connection -> {
              told.add("connect " + connection.transport());
              connection.set("seen", "yes");
              if (told.size() > 1) {
                throw new RefusedException("one is enough");
              }
            });
    hooks().onJoin("*", join -> told.add("join " + join.connection().attributes()));
    hooks().onLeave("*", _ -> told.add("leave"));
    Guest first = server.guest();
    first.send("say x"); // waits for the answer
    rest();
    assertThat(first.hear()).first().asString().contains("\"welcome\"");
    Guest second = server.guest();
    rest();
    assertThat(second.finished).isTrue();
    assertThat(second.hear())
        .satisfiesExactly(
            bye -> assertThat(bye).contains("Error: one is enough"),
            end -> assertThat(end).isEqualTo("end 1008"));
    assertThat(told).containsExactly("connect TCP", "join {seen=yes}", "connect TCP");
    assertThat(server.earshot.api().connections()).containsExactly(first.connection());
  }

  @Test
  void who_is_refused_at_their_first_room_is_sent_away() {
    hooks()
        .onJoin(
            "*",
            _ -> {
              throw new RefusedException("closed");
            });
    hooks().onLeave("*", _ -> told.add("leave"));
    Guest guest = server.guest();
    rest();
    assertThat(guest.hear().toString()).contains("Error: closed", "end 1008");
    assertThat(server.earshot.api().connections()).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void a_hook_that_is_taken_away_is_not_asked_again() {
    Guest speaker = guest(0);
    Hooks.Registration one = hooks().onSay("*", say -> "changed");
    assertThat(ask(speaker, "say x")).contains("OK");
    one.close();
    one.close();
    Guest subscriber = guest(1);
    speaker.ask("say y"); // at once, as without hooks
    assertThat(subscriber.heard()).containsExactly("y");
    Api plugIn = server.earshot.api().forPlugIn();
    plugIn.hooks().onSay("*", _ -> "gone");
    hooks().onSay("*", say -> say.message().asText() + " stays");
    plugIn.hooks().removeAll();
    ask(speaker, "say z");
    assertThat(subscriber.heard()).containsExactly("z stays");
  }

  @Test
  void what_server_code_says_is_not_asked_about() {
    hooks().onSay("*", _ -> "changed");
    Guest subscriber = guest(0);
    subscriber.hear();
    server.earshot.api().chatRoom().socketRoomBroadcast(null, "from the server");
    assertThat(subscriber.heard()).containsExactly("from the server");
  }

  @Test
  void a_say_that_is_said_again_is_told_once_whatever_a_hook_made_of_it() {
    var count = new AtomicInteger();
    hooks().onSay("*", say -> say.message().asText() + count.incrementAndGet());
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    String say = "{\"event\":\"say\",\"message\":\"x\",\"messageId\":\"m\"}";
    String first = ask(speaker, say);
    String again = ask(speaker, say);
    assertThat(again.replaceAll("\"messageCount\":\\d+", ""))
        .isEqualTo(first.replaceAll("\"messageCount\":\\d+", ""));
    assertThat(subscriber.heard()).containsExactly("x1");
  }

  // --- order -----------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void what_one_connection_does_is_asked_about_in_order_however_long_hooks_take(long seed) {
    var random = new Random(seed);
    int loops = 1 + (int) seed % 2;
    server = new TestServer(loops, config());
    hooks()
        .onSay(
            "slow*",
            say -> {
              LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(300_000));
              told.add(say.connection().id() + " " + say.message().asText());
              return say.message();
            });
    List<Guest> speakers = IntStream.range(0, 4).mapToObj(i -> guest(i % loops)).toList();
    Guest subscriber = guest(loops - 1);
    List<String> rooms = List.of("slow", "slower", "quick");
    for (String room : rooms) {
      ask(subscriber, Talk.add(room));
      speakers.forEach(each -> ask(each, Talk.add(room)));
    }
    subscriber.hear();
    speakers.forEach(Guest::hear);
    int count = 60;
    for (int i = 0; i < count; i++) {
      int number = i;
      String room = rooms.get(random.nextInt(3));
      speakers.forEach(each -> each.send(in(room, each.id() + " " + room + " " + number)));
    }
    rest();
    List<String> heard = subscriber.heard();
    assertThat(heard).hasSize(count * speakers.size());
    for (Guest each : speakers) {
      for (String room : rooms) {
        assertThat(heard.stream().filter(text -> text.startsWith(each.id() + " " + room + " ")))
            .isSortedAccordingTo(comparingInt(HooksTest::number));
      }
      assertThat(told.stream().filter(text -> text.startsWith(each.id())))
          .isSortedAccordingTo(comparingInt(HooksTest::number));
      assertThat(each.hear().stream().filter(line -> line.contains("messageCount")).toList())
          .hasSize(count)
          .allMatch(line -> line.contains("OK"))
          .satisfies(
              replies -> {
                if (loops == 1) { // on several, rooms answer when they like
                  assertThat(replies).isSortedAccordingTo(comparingInt(HooksTest::messageCount));
                }
              });
    }
  }

  private static int messageCount(String reply) {
    return Integer.parseInt(reply.replaceAll(".*\"messageCount\":(\\d+).*", "$1"));
  }

  private static int number(String text) {
    return Integer.parseInt(text.substring(text.lastIndexOf(' ') + 1));
  }

  @Test
  void a_hook_that_hangs_holds_up_its_own_connection_and_no_other() throws Exception {
    var admission = new Semaphore(0);
    var asked = new CountDownLatch(1);
    Guest slow = guest(0);
    Guest other = guest(0);
    Guest subscriber = guest(1);
    hooks()
        .onSay(
            "*",
            say -> {
              if (say.connection() == slow.connection()) {
                asked.countDown();
                admission.acquire();
              }
              return say.message();
            });
    slow.send("say slow 1");
    slow.send("say slow 2");
    slow.send("detailsView");
    asked.await();
    slow.hear();
    for (int i = 0; i < 20; i++) {
      int number = i;
      other.hear();
      other.send("say " + i);
      await("answered", () -> other.lines.toString().contains("\"status\":\"OK\""));
      assertThat(subscriber.heard()).containsExactly(String.valueOf(number));
    }
    assertThat(slow.hear()).noneMatch(line -> line.contains("messageCount"));
    admission.release(2);
    rest();
    assertThat(subscriber.heard()).containsExactly("slow 1", "slow 2");
    assertThat(slow.hear().stream().filter(line -> line.contains("messageCount")).toList())
        .hasSize(3)
        .last()
        .asString()
        .contains("details");
  }

  // --- limits ----------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_hook_that_takes_too_long_is_interrupted_and_the_rule_holds(boolean isAllowed)
      throws Exception {
    server =
        new TestServer(
            1,
            TestServer.quiet()
                .with("hooks.timeout", "50ms")
                .with("hooks.onTimeout", isAllowed ? "allow" : "refuse"));
    Guest speaker = guest(0);
    Guest subscriber = guest(0);
    var interrupted = new CountDownLatch(2);
    hooks()
        .onSay(
            "*",
            _ -> {
              try {
                return new CountDownLatch(1).await(1, TimeUnit.HOURS);
              } finally {
                interrupted.countDown();
              }
            });
    hooks().onSay("*", say -> say.message().asText() + "!");
    String first = ask(speaker, "say x");
    String second = ask(speaker, "say y");
    interrupted.await();
    if (isAllowed) {
      assertThat(first).contains("OK");
      assertThat(subscriber.heard()).containsExactly("x!", "y!"); // the next one was asked
    } else {
      assertThat(second).contains("Error: the server took too long to decide");
      assertThat(subscriber.heard()).isEmpty();
    }
  }

  @Test
  void a_hook_that_fails_refuses_and_says_nothing_of_why() {
    Guest speaker = guest(0);
    for (Object bad : new Object[] {new Object(), Double.NaN, List.of(new Object())}) {
      Hooks.Registration one = hooks().onSay("*", _ -> bad);
      assertThat(ask(speaker, "say x"))
          .contains("\"error\":\"Error: The server experienced an internal error\"");
      one.close();
    }
    hooks()
        .onSay(
            "*",
            _ -> {
              throw new AssertionError("planted");
            });
    assertThat(ask(speaker, "say x"))
        .contains("Error: The server experienced an internal error")
        .doesNotContain("planted");
    assertThat(ask(speaker, "detailsView")).contains("details");
  }

  @Test
  void the_log_speaks_of_a_hook_once_a_minute() {
    var records = new ConcurrentLinkedQueue<LogRecord>();
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord one) {
            records.add(one);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(HookRunner.class.getName());
    logger.addHandler(handler);
    try {
      Guest speaker = guest(0);
      hooks()
          .onSay(
              "*",
              _ -> {
                throw new IllegalStateException("planted");
              });
      for (int i = 0; i < 20; i++) {
        ask(speaker, "say x");
      }
      assertThat(records).hasSize(1);
      server.pass(Duration.ofSeconds(61));
      ask(speaker, "say x");
      ask(speaker, "say x");
      assertThat(records)
          .hasSize(2)
          .last()
          .extracting(LogRecord::getMessage)
          .asString()
          .contains("say hook");
    } finally {
      logger.removeHandler(handler);
    }
  }

  @Test
  void where_too_many_run_clients_are_refused_and_who_goes_is_told_of_later() throws Exception {
    server = new TestServer(1, config().with("hooks.running", 1));
    Guest slow = guest(0);
    Guest other = guest(0);
    Guest goer = guest(0);
    var admission = new Semaphore(0);
    var asked = new CountDownLatch(1);
    hooks()
        .onSay(
            "*",
            say -> {
              asked.countDown();
              admission.acquire();
              return say.message();
            });
    hooks().onLeave("*", presence -> told.add("left " + presence.connection().id()));
    slow.send("say x");
    asked.await();
    other.send("say y");
    assertThat(other.hear()).last().asString().contains("Error: the server is busy");
    goer.send("quit");
    server.settle();
    admission.release();
    await("x is told", () -> other.lines.toString().contains("\"message\":\"x\""));
    for (int i = 0; told.isEmpty() && i < 1000; i++) {
      server.pass(Duration.ofMillis(20));
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(told).containsExactly("left " + goer.id());
  }

  // --- who comes and goes ----------------------------------------------------------------------

  private void noteWhoComesAndGoes() {
    hooks().onJoined("*", presence -> told.add("+" + presence.room()));
    hooks().onLeave("*", presence -> told.add("-" + presence.room()));
  }

  private List<String> told() {
    rest();
    var all = List.copyOf(told);
    told.clear();
    return all;
  }

  @Test
  void each_join_is_told_once_and_each_leave_once_however_it_came_about() {
    noteWhoComesAndGoes();
    var endings =
        List.<Consumer<Guest>>of(
            guest -> guest.send("quit"),
            guest -> guest.loop.run(guest.intake::gone),
            guest -> guest.loop.run(() -> guest.intake.inputEnded(Ending.IDLE)),
            guest -> guest.connection().close("out"),
            guest -> guest.pending = Integer.MAX_VALUE, // and so is cut off when it hears
            _ -> server.earshot.dismissAll());
    Guest witness = guest(0);
    assertThat(told()).containsExactly("+defaultRoom");
    for (Consumer<Guest> ending : endings) {
      Guest guest = guest(1);
      ask(guest, Talk.add("attic"));
      ask(guest, "roomChange cellar");
      ask(guest, "roomChange cellar"); // anew, which is no join for hooks
      ask(guest, "listenToRoom peers");
      assertThat(told()).containsExactly("+defaultRoom", "+attic", "-defaultRoom", "+cellar");
      ending.accept(guest);
      witness.loop.run(
          () ->
              server
                  .earshot
                  .api()
                  .chatRoom()
                  .socketRoomBroadcast(StandIn.in("cellar"), "is heard"));
      guest.loop.run(guest.intake::gone);
      assertThat(told().stream().filter(line -> !line.contains("default")).toList())
          .containsExactlyInAnyOrder("-attic", "-cellar");
    }
  }

  @Test
  void who_is_gone_while_a_hook_decides_never_came() throws Exception {
    noteWhoComesAndGoes();
    var admission = new Semaphore(0);
    var asked = new Semaphore(0);
    for (String window : List.of("0s", "30s")) {
      server = new TestServer(2, config().with("general.resumeWindow", window));
      noteWhoComesAndGoes();
      Guest guest = guest(0);
      hooks()
          .onJoin(
              "*",
              _ -> {
                asked.release();
                admission.acquire();
              });
      guest.send("roomChange attic");
      asked.acquire();
      guest.loop.run(guest.intake::gone);
      server.settle();
      Guest stranger = server.guest(); // lost before it is let in anywhere
      asked.acquire();
      stranger.loop.run(stranger.intake::gone);
      server.settle();
      admission.release(2);
      rest();
      server.pass(Duration.ofSeconds(31));
      assertThat(told()).containsExactly("+defaultRoom", "-defaultRoom");
      assertThat(server.earshot.api().connections()).isEmpty();
      assertThat(EngineInside.rooms(server.earshot).shards())
          .allMatch(shard -> shard.roomIfAny("attic") == null);
    }
  }

  @Test
  void a_say_of_who_is_gone_while_a_hook_decides_is_not_told() throws Exception {
    var admission = new Semaphore(0);
    var asked = new Semaphore(0);
    Guest subscriber = guest(0);
    Guest guest = guest(1);
    hooks()
        .onSay(
            "*",
            say -> {
              asked.release();
              admission.acquire();
              return say.message();
            });
    guest.send("say x");
    asked.acquire();
    guest.loop.run(guest.intake::gone);
    server.settle();
    admission.release();
    rest();
    assertThat(subscriber.heard()).isEmpty();
  }

  @Test
  void who_has_joined_hears_what_a_hook_says_there() {
    server = new TestServer(8, config());
    hooks()
        .onJoined(
            "*",
            one ->
                server
                    .earshot
                    .api()
                    .chatRoom()
                    .socketRoomBroadcast(StandIn.in(one.room()), "welcome to " + one.room()));
    Guest guest = guest(0);
    for (int i = 0; i < 20; i++) {
      guest.hear();
      guest.send("roomChange room" + i);
      rest();
      assertThat(guest.heard()).containsExactly("welcome to room" + i);
    }
  }

  @Test
  void who_is_let_in_by_a_token_speaks_by_it_at_once() {
    hooks().onJoin("*", _ -> told.add("asked"));
    PrivateRoom room = server.earshot.api().chatRoom().createPrivateRoom();
    String token = room.token("ada", Duration.ofHours(1));
    for (int loop = 0; loop < 2; loop++) {
      Guest guest = guest(loop);
      guest.hear();
      guest.send(
          "{\"event\":\"roomAdd\",\"room\":\"%s\",\"token\":\"%s\"}".formatted(room.name(), token));
      guest.send(Talk.say(room.name(), "x"));
      guest.send("roomChange " + room.name()); // where it is already
      rest();
      assertThat(guest.hear().stream().filter(line -> line.contains("messageCount")).toList())
          .hasSize(3)
          .allMatch(line -> line.contains("OK"));
    }
  }

  @Test
  void who_comes_back_never_left_and_hooks_know_who_is_who() {
    server = new TestServer(2, config().with("general.resumeWindow", "30s"));
    var present = new ConcurrentLinkedQueue<String>();
    hooks()
        .onJoined(
            "*",
            one -> {
              LockSupport.parkNanos(1_000_000);
              present.add(one.connection().id() + one.room());
            });
    hooks()
        .onLeave(
            "*",
            one -> {
              LockSupport.parkNanos(1_000_000);
              assertThat(present.remove(one.connection().id() + one.room())).isTrue();
              told.add("-" + one.room());
            });
    Guest guest = server.guest();
    rest();
    String session = session(guest);
    String id = guest.id();
    guest.send("roomChange attic");
    guest.loop.run(guest.intake::gone); // perhaps before anybody was told of it
    Guest back = server.guest(1, TestServer.Lines.TWO);
    server.settle();
    assertThat(ask(back, "resume " + session)).contains("OK");
    rest();
    String room = back.connection().room();
    assertThat(present).containsExactly(id + room);
    assertThat(told).allMatch("-defaultRoom"::equals);
    told.clear();
    back.loop.run(back.intake::gone);
    rest();
    assertThat(told).isEmpty();
    server.pass(Duration.ofSeconds(31));
    rest();
    assertThat(told).containsExactly("-" + room);
    assertThat(present).isEmpty();
  }

  private static String session(Guest guest) {
    for (String line : guest.hear()) {
      Matcher session = SESSION.matcher(line);
      if (session.find()) {
        return session.group(1);
      }
    }
    throw new AssertionError("no session");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 8, 16, 24, 27, 29, 30})
  void whoever_comes_goes_or_comes_back_in_whatever_order_is_told_of_in_order(long seed) {
    server = new TestServer(2, config().with("general.resumeWindow", "30s"));
    var random = new Random(seed);
    Set<String> present = new HashSet<>();
    Queue<String> wrong = new ConcurrentLinkedQueue<>();
    hooks()
        .onJoin(
            "*",
            join -> {
              LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(200_000));
              if (ThreadLocalRandom.current().nextInt(5) == 0) {
                throw new RefusedException("by chance");
              }
            });
    hooks().onSay("a*", say -> say.message());
    hooks()
        .onJoined(
            "*",
            one -> {
              LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(200_000));
              synchronized (present) {
                if (!present.add(one.connection().id() + " " + one.room())) {
                  wrong.add("joined twice: " + one);
                }
              }
            });
    hooks()
        .onLeave(
            "*",
            one -> {
              LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(200_000));
              synchronized (present) {
                if (!present.remove(one.connection().id() + " " + one.room())) {
                  wrong.add("left without being there: " + one);
                }
              }
            });
    var guests = new ArrayList<Guest>();
    var sessions = new ArrayList<String>();
    for (int i = 0; i < 250; i++) {
      if (guests.size() < 4) {
        guests.add(server.guest(random.nextInt(2), TestServer.Lines.ONE));
      }
      Guest guest = guests.get(random.nextInt(guests.size()));
      String room = List.of("a", "b", "defaultRoom").get(random.nextInt(3));
      switch (random.nextInt(9)) {
        case 0, 1 -> guest.send("roomChange " + room);
        case 2 -> guest.send(Talk.add(room));
        case 3 -> guest.send(Talk.leave(room));
        case 4 -> guest.send(in(room, "x"));
        case 5 -> {
          guests.remove(guest);
          guest.lines.stream()
              .map(SESSION::matcher)
              .filter(Matcher::find)
              .forEach(session -> sessions.add(session.group(1)));
          guest.loop.run(guest.intake::gone);
        }
        case 6 -> {
          if (!sessions.isEmpty()) {
            guest.send("resume " + sessions.get(random.nextInt(sessions.size())));
          }
        }
        case 7 -> guest.send("listenToRoom " + room);
        default -> {
          if (random.nextInt(4) == 0) {
            guests.remove(guest);
            guest.send("quit");
          }
        }
      }
      for (int steps = random.nextInt(20); steps > 0; steps--) {
        server.step(random);
        LockSupport.parkNanos(10_000);
      }
    }
    rest();
    assertThat(wrong).isEmpty();
    Set<String> inRooms = new HashSet<>();
    for (Shard shard : EngineInside.rooms(server.earshot).shards()) {
      for (String room : List.of("a", "b", "defaultRoom")) {
        Room there = shard.roomIfAny(room);
        if (there != null) {
          there.roster().ids().forEach(id -> inRooms.add(id + " " + room));
        }
      }
    }
    synchronized (present) {
      assertThat(present).isEqualTo(inRooms);
    }
    server.earshot.dismissAll();
    rest();
    assertThat(wrong).isEmpty();
    synchronized (present) {
      assertThat(present).isEmpty();
    }
  }

  @Test
  void a_time_limit_of_nothing_is_none() {
    assertThatThrownBy(() -> Config.defaults().with("hooks.timeout", "0s"))
        .hasMessageContaining("hooks.timeout must be more than 0");
  }

  @Test
  void who_is_refused_is_sent_away_whatever_they_have_asked_meanwhile() throws Exception {
    var decide = new CountDownLatch(1);
    hooks()
        .onConnect(
            connection -> {
              decide.await();
              throw new RefusedException("not you");
            });
    Guest refused = server.guest(0, TestServer.Lines.ONE);
    server.settle();
    refused.send("detailsView");
    refused.send("say too early");
    decide.countDown();
    rest();
    assertThat(refused.hear()).anyMatch(line -> line.contains("Bye!") && line.contains("not you"));
    assertThat(refused.finished).isTrue();
    assertThat(server.earshot.api().connections()).isEmpty();
  }

  @Test
  void who_has_to_go_and_may_not_go_anywhere_is_gone_whatever_they_have_asked_meanwhile()
      throws Exception {
    PrivateRoom room = server.earshot.api().chatRoom().createPrivateRoom();
    Guest inside = guest(0);
    ask(inside, "roomChange " + room + " token=" + room.token("ada", Duration.ofSeconds(5)));
    var decide = new CountDownLatch(1);
    hooks()
        .onJoin(
            "defaultRoom",
            join -> {
              decide.await();
              throw new RefusedException("full");
            });
    server.pass(Duration.ofSeconds(6));
    inside.send("detailsView");
    decide.countDown();
    rest();
    assertThat(inside.finished).isTrue();
    assertThat(server.earshot.api().connections()).isEmpty();
  }

  @Test
  void what_is_decided_while_a_hook_runs_counts() throws Exception {
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    var asked = new CountDownLatch(1);
    var decide = new CountDownLatch(1);
    hooks()
        .onSay(
            "*",
            say -> {
              asked.countDown();
              decide.await();
              return say.message();
            });
    speaker.send("say late");
    server.settle();
    asked.await();
    var _ =
        server
            .earshot
            .api()
            .moderation()
            .mute(new Target.Id(speaker.id()), null, Duration.ofHours(1), "enough");
    server.settle();
    decide.countDown();
    rest();
    assertThat(speaker.hear()).anyMatch(line -> line.contains("muted"));
    assertThat(subscriber.heard()).isEmpty();
  }
}
