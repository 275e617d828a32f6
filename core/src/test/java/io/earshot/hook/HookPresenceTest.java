package io.earshot.hook;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.PrivateRoom;
import io.earshot.RefusedException;
import io.earshot.StandIn;
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
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hooks learn of each join and each leave once, and in order. */
final class HookPresenceTest extends HookTestCase {
  private void recordJoinsAndLeaves() {
    hooks().onJoined("*", presence -> told.add("+" + presence.room()));
    hooks().onLeave("*", presence -> told.add("-" + presence.room()));
  }

  @Test
  void hooks_learn_of_each_join_once_and_of_each_leave_once_for_whatever_reason() {
    recordJoinsAndLeaves();
    var endings =
        List.<Consumer<Guest>>of(
            guest -> guest.send("quit"),
            guest -> guest.loop.run(guest.intake::gone),
            guest -> guest.loop.run(() -> guest.intake.inputEnded(Ending.IDLE)),
            guest -> guest.connection().close("out"),
            guest -> guest.pending = Integer.MAX_VALUE, // so it is disconnected at the next message
            _ -> server.earshot.closeAll());
    Guest witness = guest(0);
    assertThat(told()).containsExactly("+defaultRoom");
    for (Consumer<Guest> ending : endings) {
      Guest guest = guest(1);
      ask(guest, Talk.add("attic"));
      ask(guest, "roomChange cellar");
      ask(guest, "roomChange cellar"); // again, which is not a join for hooks
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
  void a_client_that_disconnects_while_a_join_hook_decides_never_joins() throws Exception {
    recordJoinsAndLeaves();
    var admission = new Semaphore(0);
    var asked = new Semaphore(0);
    for (String window : List.of("0s", "30s")) {
      server = new TestServer(2, config().with("general.resumeWindow", window));
      recordJoinsAndLeaves();
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
      Guest newcomer = server.guest(); // lost before it has joined any room
      asked.acquire();
      newcomer.loop.run(newcomer.intake::gone);
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
  void a_say_is_not_delivered_if_its_client_disconnects_while_a_hook_decides() throws Exception {
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
  void a_new_member_receives_what_a_joined_hook_says_in_the_room() {
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
  void a_client_admitted_by_a_token_may_speak_by_it_at_once() {
    hooks().onJoin("*", _ -> told.add("asked"));
    PrivateRoom room = server.earshot.api().chatRoom().createPrivateRoom();
    String token = room.token("ada", Duration.ofHours(1));
    for (int loop = 0; loop < 2; loop++) {
      Guest guest = guest(loop);
      guest.hear();
      guest.send(
          "{\"event\":\"roomAdd\",\"room\":\"%s\",\"token\":\"%s\"}".formatted(room.name(), token));
      guest.send(Talk.say(room.name(), "x"));
      guest.send("roomChange " + room.name()); // its own room
      rest();
      assertThat(guest.hear().stream().filter(line -> line.contains("messageCount")).toList())
          .hasSize(3)
          .allMatch(line -> line.contains("OK"));
    }
  }

  @Test
  void a_resumed_session_is_no_leave_and_hooks_see_the_same_id() {
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
    guest.loop.run(guest.intake::gone); // perhaps before hooks know of the join
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
  void hooks_learn_of_joins_and_leaves_in_order_whatever_clients_do(long seed) {
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
          there.roster().forEach(member -> inRooms.add(member.connection.id() + " " + room));
        }
      }
    }
    synchronized (present) {
      assertThat(present).isEqualTo(inRooms);
    }
    server.earshot.closeAll();
    rest();
    assertThat(wrong).isEmpty();
    synchronized (present) {
      assertThat(present).isEmpty();
    }
  }
}
