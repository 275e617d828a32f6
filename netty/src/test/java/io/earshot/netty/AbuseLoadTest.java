package io.earshot.netty;

import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static io.earshot.netty.testing.WebSocketClient.encode;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Attacks;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.OnBoth;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Attacks by load: floods of connections, messages, bytes, requests and rooms, and clients that do
 * not read.
 */
final class AbuseLoadTest {
  @RegisterExtension static final Attacks attacks = new Attacks();

  private static final String ATTACKER = "127.0.0.2";

  @OnBoth
  void a_client_that_never_reads_costs_no_more_memory_than_its_bound(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client speaker = attacks.client(kind);
          List<Client> deaf = attacks.many(5, () -> kind.welcomed(server));
          List<String> ids = deaf.stream().map(Client::id).toList();
          deaf.forEach(Client::takeInLittle);
          String text = "x".repeat(30_000);
          for (int i = 0;
              ids.stream().anyMatch(id -> server.api().connection(id).isPresent());
              i++) {
            assertThat(i).isLessThan(5_000);
            assertThat(speaker.ask(Attacks.say(text))).contains("OK");
          }
          // The same for a client that sends requests and never reads the answers.
          Client asker = attacks.client(kind);
          asker.takeInLittle();
          Thread asking =
              Thread.startVirtualThread(
                  () -> {
                    for (int i = 0; i < 20_000; i++) {
                      String ask = "{\"event\":\"detailsView\"}";
                      Attacks.push(
                          asker,
                          asker instanceof WebSocketClient
                              ? encode(TEXT, ask.getBytes(UTF_8))
                              : (ask + "\n").getBytes(UTF_8));
                    }
                  });
          asking.join(Duration.ofMillis(500));
          asker.reset();
          asking.join();
        });
  }

  @OnBoth
  void a_flood_of_connections_leaves_nothing_behind(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          for (int i = 0; i < 10; i++) {
            List<Client> crowd = IntStream.range(0, 150).mapToObj(_ -> kind.open(server)).toList();
            crowd.forEach(i % 2 == 0 ? Client::reset : Client::close);
            List<WebSocketClient> silent =
                IntStream.range(0, 50)
                    .mapToObj(_ -> WebSocketClient.raw(server.httpPort()))
                    .toList();
            silent.forEach(i % 2 == 0 ? Client::close : Client::reset);
          }
        });
  }

  @OnBoth
  void a_flood_of_connections_from_one_address_is_refused_and_other_addresses_connect(Kind kind)
      throws Exception {
    attacks.run(
        kind,
        server -> {
          List<Client> there =
              attacks.many(50, () -> (Client) TcpClient.from(ATTACKER, server.tcpPort()));
          there.forEach(one -> assertThat(one.next()).contains("welcome"));
          for (int i = 0; i < 20; i++) {
            List<Client> flood =
                IntStream.range(0, 100)
                    .mapToObj(
                        k ->
                            k % 2 == 0
                                ? TcpClient.from(ATTACKER, server.tcpPort())
                                : new HttpClient(server.httpPort(), ATTACKER))
                    .toList();
            for (Client one : flood) {
              if (one instanceof HttpClient web) {
                assertThat(web.response().status()).isEqualTo(429);
              } else {
                assertThat(one.rest().toString()).contains("too many connections from your");
              }
            }
            flood.forEach(i % 2 == 0 ? Client::close : Client::reset);
            Client other = attacks.opened(TcpClient.from("127.0.0.3", server.tcpPort()));
            assertThat(other.next()).contains("welcome");
          }
          assertThat(there.getFirst().ask("status")).contains("\"refused\":{\"connections\":2000,");
          attacks.closeClients();
          Await.until(
              "only the address of the innocents is kept", () -> server.limits().size() == 1);
        },
        "limits.connectionsPerAddress=50",
        "limits.exemptAddresses=");
  }

  @OnBoth
  void a_flood_of_messages_is_refused_and_each_message_is_answered(Kind kind) throws Exception {
    int count = 3_000;
    attacks.run(
        kind,
        server -> {
          List<Client> flood = attacks.many(2, () -> kind.welcomed(server));
          List<Thread> sending =
              flood.stream()
                  .map(
                      one ->
                          Thread.startVirtualThread(
                              () ->
                                  IntStream.range(0, count)
                                      .forEach(i -> one.send(Attacks.say("" + i)))))
                  .toList();
          for (Client one : flood) {
            int taken = 0;
            for (int i = 0; i < count; i++) {
              String reply = one.reply();
              if (reply.contains("\"status\":\"OK\"")) {
                taken++;
              } else {
                assertThat(reply).contains("Error: too many messages; try again in ");
              }
            }
            assertThat(taken).isBetween(300, count - 1);
            assertThat(one.ask("{\"event\":\"quit\"}")).contains("Bye!");
          }
          for (Thread each : sending) {
            each.join();
          }
        },
        "limits.messagesPerSecond=1000",
        "limits.messageBurst=300");
  }

  @OnBoth
  void a_flood_of_bytes_is_slowed_down_and_nothing_is_lost(Kind kind) throws Exception {
    int count = 40;
    attacks.run(
        kind,
        server -> {
          String text = Attacks.say("x".repeat(30_000));
          List<Client> flood = attacks.many(4, () -> kind.welcomed(server));
          flood.forEach(one -> one.ask("{\"event\":\"roomChange\",\"room\":\"" + one.id() + "\"}"));
          List<Thread> sending =
              flood.stream()
                  .map(
                      one ->
                          Thread.startVirtualThread(
                              () -> IntStream.range(0, count).forEach(_ -> one.send(text))))
                  .toList();
          for (Client one : flood) {
            for (int i = 0; i < count; i++) {
              assertThat(one.reply()).contains("\"status\":\"OK\"");
            }
          }
          for (Thread each : sending) {
            each.join();
          }
          assertThat(flood.getFirst().ask("{\"action\":\"status\"}"))
              .containsPattern("\"bytes\":[1-9]");
        },
        "limits.bytesPerSecond=524288",
        "limits.bytesBurst=262144");
  }

  @OnBoth
  void a_flood_of_http_requests_is_refused_and_other_clients_are_answered(Kind kind)
      throws Exception {
    attacks.run(
        kind,
        server -> {
          var refused = new AtomicInteger();
          List<Thread> asking =
              attacks.many(20, () -> new HttpClient(server.httpPort(), ATTACKER)).stream()
                  .map(
                      one ->
                          Thread.startVirtualThread(
                              () -> {
                                for (int i = 0; i < 30; i++) {
                                  int status = one.get("/rooms/a").status();
                                  refused.addAndGet(status == 429 ? 1 : 0);
                                }
                              }))
                  .toList();
          HttpClient other = attacks.opened(new HttpClient(server.httpPort(), "127.0.0.3"));
          for (int i = 0; i < 50; i++) {
            assertThat(other.get("/rooms/a").status()).isEqualTo(200);
          }
          for (Thread each : asking) {
            each.join();
          }
          assertThat(refused.get()).isBetween(50, 540);
        },
        "limits.requestsPerSecond=30",
        "limits.exemptAddresses=");
  }

  @OnBoth
  void any_number_of_empty_rooms_costs_nothing(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client client = attacks.client(kind);
          for (int i = 0; i < 5_000; i++) {
            assertThat(client.ask("{\"event\":\"roomChange\",\"room\":\"" + i + "\"}"))
                .contains("OK");
          }
          String name = "n".repeat(257);
          for (String verb : List.of("roomChange", "roomAdd", "listenToRoom", "roomView")) {
            assertThat(client.ask("{\"event\":\"" + verb + "\",\"room\":\"" + name + "\"}"))
                .contains("error");
          }
          int listens = 0;
          while (client
              .ask("{\"event\":\"listenToRoom\",\"room\":\"l" + listens + "\"}")
              .contains("OK")) {
            assertThat(++listens).isLessThanOrEqualTo(100);
          }
          int rooms = 1;
          while (client.ask("{\"event\":\"roomAdd\",\"room\":\"r" + rooms + "\"}").contains("OK")) {
            assertThat(++rooms).isLessThanOrEqualTo(100);
          }
        },
        "limits.emptyRooms=1000",
        "limits.messagesPerSecond=0");
  }

  @OnBoth
  void dead_connections_are_found_and_closed(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          attacks.many(30, () -> kind.welcomed(server));
          Await.until("only the innocents are left", () -> server.api().connections().size() <= 2);
        },
        "tcpServer.idleTimeout=1s",
        "webSockets.pingInterval=1s",
        "webSockets.idleTimeout=2s");
  }
}
