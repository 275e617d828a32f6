package io.earshot.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.StandIn;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Messages that are not kept: who receives them, how often, and who may send them. */
final class SignalsTest {
  private static final String TYPING =
      "{\"event\":\"signal\",\"kind\":\"typing\",\"signal\":true,\"room\":\"defaultRoom\"}";

  private final TestServer server = server();

  private static TestServer server(String... rules) {
    return new TestServer(1, TestServer.quiet().with("rooms.rules", List.of(rules)));
  }

  private static String cursor(int x) {
    return "{\"event\":\"signal\",\"kind\":\"cursor\",\"signal\":" + x + "}";
  }

  private static List<String> signals(Guest guest) {
    return guest.hear().stream().filter(line -> line.contains("\"context\":\"signal\"")).toList();
  }

  private static String told(Guest from, String rest) {
    return "{\"context\":\"signal\",\"room\":\"defaultRoom\",\"from\":\"" + from.id() + "\"" + rest;
  }

  private long refused(TestServer at, String kind) {
    return EngineInside.refused(at.earshot).getOrDefault(kind, -1L);
  }

  // --- who receives it -------------------------------------------------------------------------

  @Test
  void a_signal_reaches_each_other_member_and_listener_once_and_not_its_sender() {
    var all = Recipients.in(server);
    Guest sender = all.sender();
    sender.send(TYPING);
    assertThat(sender.hear())
        .containsExactly(
            "{\"context\":\"response\",\"status\":\"OK\",\"room\":\"defaultRoom\",\"messageCount\":1}");
    for (Guest each : List.of(all.member(), all.listener(), all.both())) {
      assertThat(each.hear())
          .containsExactly(told(sender, ",\"kind\":\"typing\",\"signal\":true}"));
    }
    assertThat(all.outsider().hear()).isEmpty();
    sender.send("signal x y");
    assertThat(all.member().hear()).containsExactly(told(sender, ",\"signal\":\"x y\"}"));
  }

  @Test
  void of_one_turn_the_newest_signal_of_each_sender_and_kind_is_sent() {
    Guest one = server.guest();
    Guest two = server.guest();
    Guest member = server.guest();
    server.settle();
    member.hear();
    member.writes = 0;
    one.send(cursor(1));
    two.send(cursor(2));
    one.send(TYPING);
    one.send(cursor(3));
    server.settle();
    assertThat(member.writes).isEqualTo(1);
    assertThat(signals(member))
        .containsExactly(
            told(one, ",\"kind\":\"cursor\",\"signal\":3}"),
            told(two, ",\"kind\":\"cursor\",\"signal\":2}"),
            told(one, ",\"kind\":\"typing\",\"signal\":true}"));
    assertThat(signals(one)).containsExactly(told(two, ",\"kind\":\"cursor\",\"signal\":2}"));
    assertThat(signals(two))
        .containsExactly(
            told(one, ",\"kind\":\"cursor\",\"signal\":3}"),
            told(one, ",\"kind\":\"typing\",\"signal\":true}"));
  }

  @Test
  void a_member_that_has_not_read_everything_before_gets_no_signal_and_no_notice_of_it() {
    Guest sender = server.guest();
    Guest slow = server.guest();
    Guest other = server.guest();
    slow.hear();
    slow.pending = 1;
    sender.send(cursor(1));
    sender.send("say hello");
    server.settle();
    assertThat(signals(other)).hasSize(1);
    assertThat(slow.hear())
        .singleElement()
        .asString()
        .contains("\"message\":\"hello\"", "\"offset\":1");
    slow.pending = 0;
    slow.loop.run(slow.intake::drained);
    assertThat(slow.hear()).isEmpty();
    sender.send(cursor(2));
    assertThat(signals(slow)).containsExactly(told(sender, ",\"kind\":\"cursor\",\"signal\":2}"));
  }

  @Test
  void a_signal_takes_no_offset_is_not_kept_and_leaves_the_messages_of_its_turn_as_they_are() {
    Guest sender = server.guest();
    Guest member = server.guest();
    member.hear();
    sender.send("say a");
    sender.send(cursor(1));
    member.send(cursor(2));
    sender.send("say b");
    server.settle();
    sender.send("say c");
    assertThat(member.hear().stream().filter(line -> line.contains("\"offset\":")))
        .satisfiesExactly(
            line -> assertThat(line).contains("\"message\":\"a\"", "\"offset\":1,"),
            line -> assertThat(line).contains("\"message\":\"b\"", "\"offset\":2,"),
            line -> assertThat(line).contains("\"message\":\"c\"", "\"offset\":3,"));
    Room room = EngineInside.rooms(server.earshot).shard("defaultRoom").room("defaultRoom");
    Guest late = server.guest();
    late.hear();
    late.ask("roomAdd attic");
    late.send("roomChange defaultRoom after=" + room.cursor().epoch() + ":0");
    assertThat(late.hear()).noneMatch(line -> line.contains("signal"));
  }

  @Test
  void a_room_sends_a_bounded_number_of_bytes_in_one_turn_and_drops_the_rest() {
    List<Guest> senders = Stream.generate(server::guest).limit(40).toList();
    Guest member = server.guest();
    member.hear();
    String long4 = "{\"event\":\"signal\",\"signal\":\"" + "x".repeat(4000) + "\"}";
    senders.forEach(each -> each.send(long4));
    server.settle();
    assertThat(signals(member).size()).isEqualTo(15);
    senders.getLast().send(long4);
    assertThat(signals(member).size()).as("in the next turn").isEqualTo(1);
  }

  @Test
  void a_signal_reaches_the_members_on_all_servers_of_a_cluster_and_not_its_sender() {
    var cluster = new TestCluster(TestServer.quiet(), 3);
    Guest sender = cluster.servers.get(0).guest();
    Guest near = cluster.servers.get(0).guest(1, TestServer.Lines.ONE);
    Guest far = cluster.servers.get(1).guest(1, TestServer.Lines.ONE);
    Guest elsewhere = cluster.servers.get(2).guest();
    elsewhere.send("roomChange attic");
    cluster.settle();
    Stream.of(sender, near, far, elsewhere).forEach(Guest::hear);
    sender.send(cursor(1));
    sender.send(cursor(2));
    cluster.settle();
    assertThat(signals(near)).containsExactly(told(sender, ",\"kind\":\"cursor\",\"signal\":2}"));
    assertThat(signals(far)).containsExactly(told(sender, ",\"kind\":\"cursor\",\"signal\":2}"));
    assertThat(signals(sender)).isEmpty();
    assertThat(signals(elsewhere)).isEmpty();

    cluster.peers.getFirst().disconnect();
    sender.send(cursor(3));
    cluster.settle();
    assertThat(signals(near)).as("this server needs no broker for that").hasSize(1);
    assertThat(signals(far)).isEmpty();
  }

  // --- rates -----------------------------------------------------------------------------------

  @Test
  void a_flood_of_signals_is_refused_and_neither_other_requests_nor_other_clients_notice() {
    Guest flooder = server.guest();
    Guest member = server.guest();
    Stream.of(flooder, member).forEach(Guest::hear);
    for (int i = 0; i < 100_000; i++) {
      flooder.send(cursor(i));
    }
    assertThat(flooder.intake.isCongested()).as("the server stops reading").isTrue();
    assertThat(flooder.hear().get(100))
        .contains("\"error\":\"Error: too many signals; try again in 20 ms\"");
    assertThat(signals(member))
        .containsExactly(told(flooder, ",\"kind\":\"cursor\",\"signal\":99}"));
    assertThat(refused(server, "signals")).isEqualTo(100_000 - 100);
    assertThat(refused(server, "messages")).isZero();
    assertThat(flooder.ask("say hello")).contains("\"status\":\"OK\"");
    assertThat(member.ask(cursor(1))).contains("\"status\":\"OK\"");
    assertThat(member.heard()).isEmpty();
    server.pass(Duration.ofMillis(20));
    assertThat(flooder.ask(cursor(5))).contains("\"status\":\"OK\"");
    server.pass(Duration.ofSeconds(12));
    assertThat(server.loops.getFirst().timers()).as("only that of the history").isEqualTo(1);
  }

  @Test
  void without_a_rate_of_their_own_signals_count_as_requests() {
    var one =
        new TestServer(
            1,
            TestServer.quiet()
                .with("limits.signalsPerSecond", 0)
                .with("limits.messagesPerSecond", 10)
                .with("limits.messageBurst", 3));
    Guest guest = one.guest();
    IntStream.range(0, 3).forEach(_ -> assertThat(guest.ask(TYPING)).contains("OK"));
    assertThat(guest.ask(TYPING)).contains("too many messages");
  }

  // --- who may ---------------------------------------------------------------------------------

  @Test
  void who_may_say_may_signal_unless_the_rule_of_the_room_says_otherwise() {
    TestServer ruled =
        server(
            "quiet say=nobody",
            "still signal=nobody",
            "stage say=nobody signal=role:actor",
            "locked join=anyone signal=token",
            "short messageBytes=5");
    Guest guest = ruled.guest();
    String mayNot = "\"error\":\"Error: you may not send signals in this room\",\"room\":";
    guest.ask("roomChange quiet");
    assertThat(guest.ask("signal x")).contains(mayNot + "\"quiet\"");
    guest.ask("roomChange still");
    assertThat(guest.ask("signal x")).contains(mayNot + "\"still\"");
    assertThat(guest.ask("say x")).contains("OK");
    guest.ask("roomChange stage");
    assertThat(guest.ask("signal x")).contains(mayNot);
    guest.connection().set("role", "actor");
    assertThat(guest.ask("signal x")).contains("OK");
    assertThat(guest.ask("say x")).contains("you may not say anything");
    guest.ask("roomChange locked");
    assertThat(guest.ask("signal x")).contains("this room asks for a token");
    String token =
        ruled.earshot.api().chatRoom().privateRoom("locked").token("ada", Duration.ofHours(1));
    guest.ask("roomChange locked token=" + token);
    assertThat(guest.ask("signal x")).contains("OK");
    guest.ask("roomChange short");
    assertThat(guest.ask("signal four")).contains("a message has at most 5 bytes in this room");
    assertThat(refused(ruled, "rules")).isEqualTo(5);
  }

  @Test
  void a_muted_client_may_not_signal() {
    Guest muted = server.guest("10.0.0.1", Transport.TCP, "defaultRoom", null);
    var _ =
        server
            .earshot
            .api()
            .moderation()
            .mute(new Target.Id(muted.id()), "defaultRoom", Duration.ofHours(1), "noise");
    server.settle();
    assertThat(muted.ask(TYPING)).contains("\"error\":\"", "noise");
    assertThat(refused(server, "barred")).isEqualTo(1);
  }

  @Test
  void a_client_that_is_not_a_member_may_not_signal() {
    Guest guest = server.guest();
    Guest member = server.guest();
    guest.ask("roomChange attic");
    guest.ask("listenToRoom defaultRoom");
    member.hear();
    assertThat(guest.ask(TYPING))
        .contains("\"error\":\"Error: you are not in this room\",\"room\":\"defaultRoom\"");
    assertThat(guest.ask("{\"event\":\"signal\",\"room\":\"nowhere\",\"signal\":1}"))
        .contains("Error: you are not in this room");
    assertThat(member.hear()).isEmpty();
  }

  // --- bad input -------------------------------------------------------------------------------

  @Test
  void a_signal_that_is_not_valid_is_refused_and_reaches_nobody() {
    Guest guest = server.guest();
    Guest member = server.guest();
    member.hear();
    String signal = "{\"event\":\"signal\",\"signal\":";
    assertThat(guest.ask("signal")).contains("signal is required to use the signal method");
    assertThat(guest.ask("{\"event\":\"signal\"}")).contains("signal is required");
    assertThat(guest.ask(signal + "\"" + "x".repeat(4095) + "\"}"))
        .contains("Error: a signal has at most 4096 bytes as JSON");
    assertThat(guest.ask("signal " + "\u20ac".repeat(1_400))).contains("at most 4096 bytes");
    for (String kind : List.of("\"\"", "\"" + "k".repeat(65) + "\"")) {
      assertThat(guest.ask(signal + "1,\"kind\":" + kind + "}"))
          .contains("Error: the kind of a signal has 1 to 64 characters");
    }
    assertThat(guest.ask(signal + "1,\"kind\":1}")).contains("Error: kind must be a text");
    assertThat(guest.ask(signal + "1,\"room\":{}}")).contains("Error: room must be a text");
    assertThat(guest.ask(signal + "1,\"roomMatchKey\":\"id\",\"roomMatchValue\":\"x\"}"))
        .contains("roomMatchKey does not apply to it");
    guest.ask("paramAdd roomMatchKey=id");
    assertThat(guest.ask(signal + "1}")).contains("roomMatchKey does not apply to it");
    guest.ask("paramDelete roomMatchKey");
    assertThat(member.hear()).isEmpty();
    assertThat(guest.ask(signal + "\"" + "x".repeat(4094) + "\",\"kind\":null,\"room\":null}"))
        .contains("OK");
    assertThat(member.hear()).hasSize(1);
  }

  // --- server code -----------------------------------------------------------------------------

  @Test
  void server_code_sends_signals_in_its_own_name_or_for_a_connection_or_a_stand_in() {
    Guest guest = server.guest();
    Guest member = server.guest();
    Stream.of(guest, member).forEach(Guest::hear);
    var rooms = server.earshot.api().chatRoom();
    rooms.signal(null, "soon", "restart");
    rooms.signal(StandIn.in("defaultRoom").withId("bot"), List.of(1), null);
    rooms.signal(guest.connection(), true, "typing");
    rooms.signal(StandIn.in("nowhere"), 1, null);
    assertThat(signals(member))
        .containsExactly(
            "{\"context\":\"signal\",\"room\":\"defaultRoom\",\"from\":\"Earshot\",\"kind\":\"restart\",\"signal\":\"soon\"}",
            "{\"context\":\"signal\",\"room\":\"defaultRoom\",\"from\":\"bot\",\"signal\":[1]}",
            told(guest, ",\"kind\":\"typing\",\"signal\":true}"));
    assertThat(signals(guest)).hasSize(2);
    assertThat(EngineInside.rooms(server.earshot).shard("nowhere").roomIfAny("nowhere")).isNull();
    var _ = rooms.socketRoomBroadcast(StandIn.in("attic"), "kept");
    server.settle();
    server.pass(Duration.ofMinutes(59));
    rooms.signal(StandIn.in("attic"), 1, null);
    server.settle();
    server.pass(Duration.ofMinutes(3));
    assertThat(EngineInside.rooms(server.earshot).shard("attic").roomIfAny("attic"))
        .as("a signal keeps no empty room")
        .isNull();
    assertThatThrownBy(() -> rooms.signal(null, "x".repeat(5_000), null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 4096 bytes");
    assertThatThrownBy(() -> rooms.signal(StandIn.in("a").to("id", "x"), 1, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> rooms.signal(null, null, null))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
