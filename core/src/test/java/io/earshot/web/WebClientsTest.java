package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.AddressRange;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.room.Shard;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.earshot.testing.Hub;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP clients between their requests, on a clock that the test moves. */
final class WebClientsTest {
  private static final Duration TTL = Duration.ofSeconds(30);
  private static final String ANNA = "a".repeat(40);

  private final TestServer server =
      new TestServer(
          1,
          Config.defaults()
              .with("commonWeb.httpClientMessageTTL", TTL)
              .with("limits.webClients", 2)
              .with("limits.runningActions", 1));
  private final Guest guest = server.guest();

  private CompletableFuture<WebAnswer> asking(String id, String... params) {
    var given = new java.util.LinkedHashMap<String, Json>();
    for (int i = 0; i < params.length; i += 2) {
      given.put(params[i], Json.of(params[i + 1]));
    }
    var visitor = new Visitor(id, "defaultRoom", new InetSocketAddress(0));
    return server.earshot.http().ask(visitor, "chat", given);
  }

  private WebAnswer ask(String id, String... params) {
    return settled(asking(id, params));
  }

  /** Actions run on their own threads; this runs the loops until the action is answered. */
  private WebAnswer settled(CompletableFuture<WebAnswer> answer) {
    return settled(server, answer);
  }

  private static WebAnswer settled(TestServer server, CompletableFuture<WebAnswer> answer) {
    server.runUntil("an answer", answer::isDone);
    return answer.join();
  }

  private String members() {
    return guest.ask("roomView").replaceAll(".*\"members\":(\\[[^]]*]).*", "$1");
  }

  @Test
  void requests_that_only_look_make_no_members_and_need_no_broker() {
    for (int i = 0; i < 3; i++) {
      for (String action : new String[] {"status", "actionsView"}) {
        look(server, ANNA.substring(1) + i, action);
      }
    }
    assertThat(guest.heard()).isEmpty();
    assertThat(members()).isEqualTo("[\"" + guest.id() + "\"]");
    assertThat(EngineInside.connections(server.earshot).size()).isEqualTo(1);
    // A client that is a member stays one as long as it looks.
    ask(ANNA, "method", "detailsView");
    server.pass(TTL.minusSeconds(1));
    look(server, ANNA, "status");
    server.pass(TTL.minusSeconds(1));
    assertThat(members()).contains(ANNA);
    var away = new TestServer(1, EngineInside.config(server.earshot));
    away.earshot.join(Hub.manual().broker());
    WebAnswer status = look(away, ANNA, "status");
    assertThat(status.status()).isEqualTo(200);
    assertThat(String.valueOf(status.fields().get("cluster"))).contains("connected");
    // A path of no action.
    var visitor = new Visitor(ANNA, "defaultRoom", new InetSocketAddress(0));
    assertThat(settled(away, away.earshot.http().askOnce(visitor, "metrics")).status())
        .isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"randomNumber", "nothing", ""})
  void any_other_request_makes_its_client_a_member(String action) {
    look(server, ANNA, action);
    assertThat(guest.heard()).containsExactly("I have entered the room");
    assertThat(members()).contains(ANNA);
  }

  private static WebAnswer look(TestServer server, String id, String action) {
    var visitor = new Visitor(id, "defaultRoom", new InetSocketAddress(0));
    return settled(server, server.earshot.http().ask(visitor, action, Map.of()));
  }

  @Test
  void a_client_is_a_member_from_its_first_request_until_it_has_been_idle_for_the_ttl() {
    ask(ANNA, "method", "detailsView");
    assertThat(guest.heard()).containsExactly("I have entered the room");
    assertThat(members()).contains(ANNA);
    server.pass(TTL.minusSeconds(1));
    ask(ANNA, "method", "detailsView");
    server.pass(TTL.minusSeconds(1));
    assertThat(members()).as("each request begins its time anew").contains(ANNA);
    server.pass(Duration.ofSeconds(1));
    assertThat(guest.heard()).contains("I have left the room");
    assertThat(members()).doesNotContain(ANNA);
    assertThat(EngineInside.connections(server.earshot).size()).isEqualTo(1);
  }

  @Test
  void a_client_that_waits_for_a_message_is_not_idle() {
    CompletableFuture<WebAnswer> poll = asking(ANNA, "method", "messages", "wait", "25000");
    server.settle();
    ask("b".repeat(40), "method", "detailsView"); // a second client for the sweep
    server.pass(TTL.minusSeconds(6));
    assertThat(members()).contains(ANNA);
    guest.ask("say at last");
    assertThat(String.valueOf(settled(poll).fields().get("message"))).contains("entered the room");
    assertThat(String.valueOf(ask(ANNA, "method", "messages").fields().get("message")))
        .contains("at last");
  }

  @Test
  void clients_that_wait_for_messages_do_not_block_others() {
    ask(ANNA, "method", "detailsView");
    ask("b".repeat(40), "method", "detailsView");
    ask(ANNA, "method", "messages"); // the announcement of the other client
    CompletableFuture<WebAnswer> poll = asking(ANNA, "method", "messages", "wait", "25000");
    // The thread of the poll must reach its wait first.
    while (ask("b".repeat(40), "method", "detailsView").error() != null) {
      assertThat(poll).as("waits, so that its place is free soon").isNotDone();
    }
    assertThat(poll).isNotDone();
    server.pass(Duration.ofSeconds(25));
    assertThat(settled(poll).error()).isNull();
    assertThat(server.earshot.api().actions().running()).isZero();
  }

  @Test
  void a_message_is_in_the_queues_as_soon_as_its_say_is_answered() {
    var two = new TestServer(2, TestServer.quiet().with("commonWeb.httpClientMessageTTL", TTL));
    Shard told = EngineInside.rooms(two.earshot).shard("defaultRoom");
    Guest speaker = two.guest(told.index(), TestServer.Lines.ONE);
    String id = ANNA;
    while (Math.floorMod(id.hashCode(), 2) == told.index()) { // the id decides on the loop
      id += "a";
    }
    var visitor = new Visitor(id, "defaultRoom", new InetSocketAddress(0));
    Map<String, Json> ask = Map.of("method", Json.of("messages"));
    settled(two, two.earshot.http().ask(visitor, "chat", ask));
    speaker.hear();
    ManualLoop others = two.loops.get(1 - told.index());
    speaker.send("say hello"); // answered before the other loop has the message
    var polled = new CompletableFuture<WebAnswer>();
    others.run( // a request that it reads before it runs its tasks
        () -> {
          var _ = two.earshot.http().ask(visitor, "chat", ask).thenAccept(polled::complete);
        });
    assertThat(String.valueOf(settled(two, polled).fields().get("message"))).contains("hello");
  }

  @Test
  void the_place_of_an_idle_client_is_free_for_the_next_client() {
    ask(ANNA, "method", "detailsView");
    ask("b".repeat(40), "method", "detailsView");
    assertThat(ask("c".repeat(40), "method", "detailsView").error())
        .isEqualTo("Error: the server has too many clients; try again later");
    server.pass(TTL);
    assertThat(ask("c".repeat(40), "method", "detailsView").error()).isNull();
    assertThat(members()).contains("c".repeat(40)).doesNotContain(ANNA);
  }

  @Test
  void one_address_has_a_limited_number_of_clients_and_other_addresses_have_theirs() {
    var few =
        new TestServer(
            1,
            TestServer.quiet()
                .with("commonWeb.httpClientMessageTTL", TTL)
                .with("limits.connectionsPerAddress", 2));
    assertThat(askFrom(few, "192.0.2.1", 'a').status()).isEqualTo(200);
    assertThat(askFrom(few, "192.0.2.1", 'b').status()).isEqualTo(200);
    WebAnswer third = askFrom(few, "192.0.2.1", 'c');
    assertThat(third.status()).isEqualTo(429);
    assertThat(third.error())
        .isEqualTo("Error: too many clients come from this address; try again later");
    assertThat(askFrom(few, "192.0.2.1", 'a').status()).as("who is known").isEqualTo(200);
    assertThat(askFrom(few, "192.0.2.2", 'd').status()).isEqualTo(200);
    few.pass(TTL);
    assertThat(askFrom(few, "192.0.2.1", 'c').status()).isEqualTo(200);
  }

  private static WebAnswer askFrom(TestServer server, String address, char who) {
    var from = new InetSocketAddress(AddressRange.address(address), 1);
    var visitor = new Visitor(String.valueOf(who).repeat(40), "defaultRoom", from);
    return settled(
        server,
        server.earshot.http().ask(visitor, "chat", Map.of("method", Json.of("detailsView"))));
  }

  @Test
  void a_client_with_a_request_under_way_does_not_expire() {
    server.earshot.api().actions().add(new Admission());
    var visitor = new Visitor(ANNA, "defaultRoom", new InetSocketAddress(0));
    CompletableFuture<WebAnswer> slow = server.earshot.http().ask(visitor, "admission", Map.of());
    server.settle();
    server.pass(TTL.multipliedBy(3));
    assertThat(members()).contains(ANNA);
    Admission.OPEN.release();
    settled(slow);
    // The time to its end begins when its own thread has reported the end of the request.
    while (members().contains(ANNA)) {
      assertThat(EngineInside.connections(server.earshot).size()).isLessThanOrEqualTo(2);
      server.pass(TTL);
    }
  }

  @Test
  void an_outage_of_the_broker_is_reported_and_not_logged_as_a_failure() {
    var lonely = new TestServer(1, Config.defaults());
    lonely.earshot.join(Hub.manual().broker()); // which is not connected
    var visitor = new Visitor(ANNA, "defaultRoom", new InetSocketAddress(0));
    WebAnswer answer =
        settled(
            lonely,
            lonely
                .earshot
                .http()
                .ask(visitor, "chat", java.util.Map.of("method", Json.of("roomView"))));
    assertThat(answer.error()).isEqualTo("Error: it is away");
    assertThat(answer.status()).isEqualTo(400);
  }

  @Test
  void the_chat_action_lists_a_page_of_the_members() {
    String id = guest.id();
    WebAnswer page = ask(ANNA, "method", "roomView", "limit", "1");
    String first = id.compareTo(ANNA) < 0 ? id : ANNA;
    assertThat(String.valueOf(page.fields().get("roomStatus")))
        .contains("[Text[value=" + first + "]]", "next=Text[value=" + first + "]");
    assertThat(ask(ANNA, "method", "roomView", "limit", "many").error())
        .isEqualTo("Error: limit must be a number from 1 to 1000");
    assertThat(ask(ANNA, "method", "roomView", "after", "k3f9:17").error())
        .isEqualTo("Error: after must be a member's id");
  }

  private static final class Admission implements Action {
    static final java.util.concurrent.Semaphore OPEN = new java.util.concurrent.Semaphore(0);

    @Override
    public void run(Call call) throws InterruptedException {
      OPEN.acquire();
    }
  }
}
