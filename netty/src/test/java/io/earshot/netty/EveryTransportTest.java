package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Kind;
import io.earshot.protocol.RoomStatus;
import io.earshot.testing.Await;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The promises that hold on each transport and each kind of socket, over real sockets. */
@ParameterizedClass
@EnumSource(
    value = Kind.class, // each wire, and each kind of socket, without all pairs of them
    names = {
      "LEAN_LINES",
      "LEAN_FRAMES",
      "EPOLL_LINES",
      "NIO_FRAMES",
      "EPOLL_TLS_LINES",
      "EPOLL_TLS_FRAMES",
      "DEFLATE_FRAMES"
    })
final class EveryTransportTest {
  private static final Config QUIET =
      Config.defaults()
          .with("rooms.announcements", false)
          .with("limits.messagesPerSecond", 0)
          .with("limits.bytesPerSecond", 0);

  @SuppressWarnings("NullAway.Init")
  @Parameter
  Kind kind;

  @SuppressWarnings("NullAway.Init")
  private EarshotServer server;

  @BeforeEach
  void start() {
    server = kind.start(QUIET);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  private RoomStatus status(String room) {
    return server.api().chatRoom().socketRoomStatus(room).toCompletableFuture().join();
  }

  @Test
  void a_welcomed_client_is_in_the_default_room_and_is_heard_there() {
    try (Client alice = kind.open(server);
        Client bob = kind.welcomed(server)) {
      assertThat(alice.next())
          .matches(
              "\\{\"welcome\":\"Hello! Welcome to Earshot.\",\"room\":\"defaultRoom\",\"context\":\"api\","
                  + "\"epoch\":\"[a-z0-9]+\",\"offset\":0,"
                  + "\"limits\":\\{\"messageBytes\":65536,\"roomNameLength\":256,\"rooms\":100,"
                  + "\"signalsPerSecond\":50}}");
      assertThat(alice.ask(say("hello")))
          .matches(
              "\\{\"context\":\"response\",\"status\":\"OK\",\"epoch\":\"[a-z0-9]+\",\"offset\":1,"
                  + "\"messageCount\":1}");
      assertThat(bob.heard()).contains("\"message\":\"hello\"", "\"context\":\"user\"");
      assertThat(status("defaultRoom").members()).containsExactlyInAnyOrder(alice.id(), bob.id());
    }
  }

  @Test
  void requests_in_one_packet_are_answered_in_order_with_their_numbers() {
    try (Client client = kind.welcomed(server)) {
      for (int i = 0; i < 500; i++) {
        client.send(i % 3 == 0 ? "{\"event\":\"roomView\"}" : say("x" + i));
      }
      for (int i = 1; i <= 500; i++) {
        assertThat(client.reply()).contains("\"messageCount\":" + i + "}");
      }
    }
  }

  @Test
  void a_client_that_sends_much_without_reading_gets_every_answer_in_the_end() throws Exception {
    try (Client client = kind.welcomed(server)) {
      int count = 4_000;
      String request = "{\"event\":\"detailsView\"}";
      var sender =
          Thread.startVirtualThread(
              () -> IntStream.range(0, count).forEach(i -> client.send(request)));
      for (int i = 1; i <= count; i++) {
        String reply = client.reply();
        assertThat(reply).endsWith("\"messageCount\":" + i + "}");
      }
      sender.join();
    }
  }

  @Test
  void a_busy_room_delivers_every_message_to_all_members_in_one_order() throws Exception {
    int speakers = 8;
    int each = 300;
    List<Client> clients =
        IntStream.range(0, speakers).mapToObj(i -> kind.welcomed(server)).toList();
    Client tape = kind.welcomed(server);
    List<Thread> threads =
        clients.stream()
            .map(
                client ->
                    Thread.startVirtualThread(
                        () -> {
                          for (int i = 0; i < each; i++) {
                            client.send(say("m" + i));
                          }
                        }))
            .toList();
    List<String> order = IntStream.range(0, speakers * each).mapToObj(i -> tape.heard()).toList();
    for (Thread thread : threads) {
      thread.join();
    }
    for (Client client : clients) {
      List<String> heard =
          IntStream.range(0, (speakers - 1) * each).mapToObj(i -> client.heard()).toList();
      String own = "\"from\":\"" + client.id() + "\"";
      assertThat(heard).isEqualTo(order.stream().filter(line -> !line.contains(own)).toList());
      client.close();
    }
    tape.close();
  }

  @Test
  void a_client_that_has_left_is_in_no_room_however_it_left() {
    try (Client stays = kind.welcomed(server)) {
      Client polite = kind.welcomed(server);
      Client rude = kind.welcomed(server);
      Client crashed = kind.welcomed(server);
      List.of(rude, crashed, polite)
          .forEach(client -> client.ask("{\"event\":\"listenToRoom\",\"room\":\"attic\"}"));
      assertThat(polite.ask("{\"event\":\"quit\"}"))
          .contains("\"status\":\"Bye!\"", "\"messageCount\":2");
      assertThat(polite.next()).isNull();
      polite.close();
      rude.close();
      crashed.reset();
      Await.until(
          "only one is left", () -> status("defaultRoom").members().equals(List.of(stays.id())));
      Await.until("only one is known", () -> server.api().connections().size() == 1);
    }
  }

  @Test
  void a_client_that_never_reads_is_disconnected_and_others_chat_on() {
    server.close();
    server =
        kind.start(QUIET.with("limits.outboundBytes", 128 << 10).with("limits.answerBytes", 1024));
    try (Client reader = kind.welcomed(server);
        Client speaker = kind.welcomed(server);
        Client deaf = kind.welcomed(server)) {
      byte[] random = new byte[40_000];
      new Random(1).nextBytes(random);
      String text = "xxx" + Base64.getEncoder().encodeToString(random);
      String deafId = deaf.id();
      deaf.takeInLittle();
      int said = 0;
      while (server.api().connection(deafId).isPresent()) {
        assertThat(speaker.ask(say(text))).contains("OK");
        assertThat(reader.heard()).contains("xxx");
        assertThat(++said).isLessThan(2_000);
      }
      Await.until("it has left", () -> status("defaultRoom").membersCount() == 2);
      assertThat(speaker.ask(say("still here"))).contains("OK");
      assertThat(reader.heard()).contains("still here");
    }
  }

  @Test
  void a_server_that_stops_tells_all_clients_and_stops_at_once() {
    Client client = kind.welcomed(server);
    var stopping = Thread.startVirtualThread(server::close);
    assertThat(client.rest())
        .singleElement()
        .asString()
        .matches(
            "\\{\"status\":\"Bye!\",\"context\":\"response\",\"reason\":\"server shutdown\","
                + "\"reconnectAfter\":\\d{1,4}}");
    client.close();
    Await.until("the server has stopped", () -> !stopping.isAlive());
  }

  @Test
  void a_stop_does_not_wait_for_ever_for_a_client_that_stays() {
    server.close();
    server = kind.start(QUIET.with("general.shutdownTimeout", Duration.ofMillis(200)));
    Client client = kind.welcomed(server);
    server.close();
    assertThat(client.rest()).hasSize(1);
  }

  @Test
  void a_broadcast_from_server_code_reaches_its_audience_only() {
    try (Client friend = kind.welcomed(server);
        Client stranger = kind.welcomed(server)) {
      server.api().connection(friend.id()).orElseThrow().set("auth", "true");
      var chatRoom = server.api().chatRoom();
      var standIn = io.earshot.StandIn.in("defaultRoom").withId("bot");
      chatRoom
          .socketRoomBroadcast(standIn.to("auth", "true"), "for friends")
          .toCompletableFuture()
          .join();
      chatRoom.socketRoomBroadcast(null, "for all").toCompletableFuture().join();
      assertThat(friend.heard()).contains("\"message\":\"for friends\"", "\"from\":\"bot\"");
      assertThat(friend.heard()).contains("\"message\":\"for all\"", "\"from\":\"Earshot\"");
      assertThat(stranger.heard()).contains("\"message\":\"for all\"");
    }
  }

  @Test
  void many_clients_that_come_and_leave_leave_nothing_behind() {
    try (Client alice = kind.welcomed(server);
        Client bob = kind.welcomed(server)) {
      for (int i = 0; i < kind.crowd(); i += 100) {
        List<Client> clients = IntStream.range(0, 100).mapToObj(j -> kind.open(server)).toList();
        clients.forEach(client -> client.send("{\"event\":\"roomChange\",\"room\":\"r\"}"));
        clients.forEach(i % 200 == 0 ? Client::reset : Client::close);
      }
      kind.welcomed(server).close(); // after it nobody is left to be accepted
      Await.until("only two are left", () -> server.api().connections().size() == 2);
      Await.until("the room is empty", () -> status("r").membersCount() == 0);
      Await.until("its place is free", () -> status("defaultRoom").membersCount() == 2);
      assertThat(alice.ask(say("hello"))).contains("OK");
      assertThat(bob.heard()).contains("hello");
    }
  }
}
