package io.earshot.testing;

import static io.earshot.testing.BrokerFixture.deepest;
import static io.earshot.testing.BrokerFixture.messages;
import static io.earshot.testing.BrokerFixture.offsets;
import static io.earshot.testing.BrokerFixture.upTo;
import static io.earshot.testing.BrokerPeer.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import io.earshot.spi.BrokerException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What servers may rely on: servers reach each other, and leave the cluster in order. */
interface BrokerServersContract extends BrokerFixture {

  @Test
  default void a_signal_reaches_the_other_servers_that_have_the_room_open_and_takes_no_place() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    BrokerPeer c = peer();
    a.open("attic");
    b.open("attic");
    c.open("cellar");
    User ada = User.of("ada", "Ada", Map.of());
    List<Signal> sent =
        List.of(
            new Signal(Json.of("a1"), ada, "typing", Json.of(true)),
            new Signal(Json.of(1), null, null, deepest()));
    Cursor before = a.say("attic", "one");
    sent.forEach(signal -> a.broker().signal("attic", signal));
    c.broker().signal("attic", new Signal(Json.of("c1"), null, "x", Json.of("far")));
    assertThat(b.awaitSignals("attic", 3)).containsAll(sent).hasSize(3);
    assertThat(a.awaitSignals("attic", 1)).hasSize(1);
    Cursor after = a.say("attic", "two");
    assertThat(after).isEqualTo(new Cursor(before.epoch(), before.offset() + 1));
    assertThat(b.awaitHeard("attic", "two")).containsExactly("one", "two");
    assertThat(b.signals("attic")).hasSize(3);
    assertThat(a.signals("attic")).as("not its own").hasSize(1);
    assertThat(c.signals("attic")).isEmpty();
  }

  @Test
  default void a_request_reaches_the_server_with_that_name() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.answer(question -> CompletableFuture.completedStage(Json.from(List.of(question, b.name()))));
    for (Json question : messages()) {
      if (!question.equals(deepest())) { // the answer would be too deep
        assertThat(get(a.broker().ask(b.name(), question)))
            .isEqualTo(Json.from(List.of(question, b.name())));
      }
    }
    assertThatThrownBy(() -> get(b.broker().ask(a.name(), Json.of("?"))))
        .as("no answer")
        .isInstanceOf(BrokerException.class);
  }

  @Test
  default void a_request_to_a_server_that_does_not_exist_fails() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    assertThatThrownBy(() -> get(a.broker().ask("nobody", Json.of("?"))))
        .isInstanceOf(BrokerException.class);
    b.close();
    assertThatThrownBy(() -> get(a.broker().ask(b.name(), Json.of("?"))))
        .isInstanceOf(BrokerException.class);
  }

  @Test
  default void a_request_to_all_other_servers_gives_the_one_answer() {
    BrokerPeer a = peer();
    assertThat(get(a.broker().askAll(Json.of("?")))).isNull();
    BrokerPeer b = peer();
    BrokerPeer c = peer();
    Await.until(
        "three servers",
        () -> a.broker().peers().containsAll(List.of(a.name(), b.name(), c.name())));
    var asked = new AtomicInteger();
    a.answer(_ -> CompletableFuture.completedStage(Json.of("the asking server is not asked")));
    b.answer(
        _ -> {
          asked.incrementAndGet();
          return CompletableFuture.completedStage(null);
        });
    assertThat(get(a.broker().askAll(Json.of("?")))).isNull();
    assertThat(asked).hasValue(1);
    c.answer(question -> CompletableFuture.completedStage(Json.from(List.of(question))));
    assertThat(get(a.broker().askAll(Json.of("?")))).isEqualTo(Json.from(List.of("?")));
  }

  @Test
  default void an_http_client_belongs_to_one_server_until_that_server_releases_it() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    Duration ttl = Duration.ofSeconds(30);
    assertThat(get(a.broker().claim("client", ttl))).isEqualTo(a.name());
    assertThat(get(b.broker().claim("client", ttl))).isEqualTo(a.name());
    assertThat(get(a.broker().claim("client", ttl))).isEqualTo(a.name());
    assertThat(get(b.broker().claim("other", ttl))).isEqualTo(b.name());
    b.broker().release("client");
    assertThat(get(b.broker().claim("client", ttl))).isEqualTo(a.name());
    a.broker().release("client");
    Await.until(
        "the client to be released", () -> get(b.broker().claim("client", ttl)).equals(b.name()));
    assertThat(get(a.broker().claim("client", ttl))).isEqualTo(b.name());
  }

  @Test
  default void requests_made_before_a_broker_closes_are_done() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    List<String> rooms = IntStream.range(0, 10).mapToObj(i -> "r" + i).toList();
    rooms.forEach(a::open);
    var places = new ArrayList<CompletionStage<@Nullable Cursor>>();
    for (int i = 0; i < 300; i++) {
      String room = rooms.get(i % rooms.size());
      places.add(b.broker().publish(room, b.post("" + i), b.terms(room), null, 0));
    }
    b.close();
    for (var place : places) {
      assertThat(get(place)).isNotNull();
    }
    for (String room : rooms) {
      assertThat(offsets(a.awaitTold(room, 30))).isEqualTo(upTo(30));
    }
    assertThatThrownBy(() -> b.say(ROOM, "late")).isInstanceOf(BrokerException.class);
  }

  @Test
  default void the_members_and_clients_of_a_server_that_closed_its_broker_are_gone() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    BrokerPeer c = peer();
    a.open(ROOM);
    a.enter(ROOM, "here");
    b.enter(ROOM, "there");
    b.enter("other", "there");
    assertThat(get(b.broker().claim("client", Duration.ofSeconds(30)))).isEqualTo(b.name());
    b.close();
    a.awaitHeard(ROOM, "gone there");
    Await.until("no members", () -> a.members("other").isEmpty());
    Await.until(
        "the client to be released",
        () -> get(c.broker().claim("client", Duration.ofSeconds(30))).equals(c.name()));
    Await.until("one server less", () -> !c.broker().peers().contains(b.name()));
    a.say(ROOM, "end");
    assertThat(a.awaitHeard(ROOM, "end"))
        .containsExactly("hi here", "hi there", "gone there", "end");
    assertThat(a.members(ROOM)).containsExactly("here");
  }
}
