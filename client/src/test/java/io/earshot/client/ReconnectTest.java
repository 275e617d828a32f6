package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a client sends and receives when its connection is lost. */
final class ReconnectTest extends ClientTest {

  @Test
  void a_client_that_reconnects_receives_the_messages_that_it_missed() throws Exception {
    EarshotClient client = clientOfProxy();
    BlockingQueue<Event> received = events(client.join("attic"));
    BlockingQueue<Event> newsEvents = events(client.listen("news"));
    EarshotClient bob = client();
    Room attic = bob.join("attic");
    Room news = bob.join("news");
    attic.say("before");
    assertThat(texts(received, 1)).containsExactly("before");
    proxy().cut();
    await(client, State.RECONNECTING);
    for (int i = 0; i < 20; i++) {
      attic.say("missed " + i);
      news.say("news " + i);
    }
    proxy().restore();
    await(client, State.OPEN);
    attic.say("after");
    assertThat(texts(received, 21))
        .containsExactlyElementsOf(
            IntStream.range(0, 21).mapToObj(i -> i < 20 ? "missed " + i : "after").toList());
    assertThat(newsEvents).contains(new Event.Resumed(true));
    assertThat(texts(newsEvents, 20))
        .containsExactlyElementsOf(IntStream.range(0, 20).mapToObj(i -> "news " + i).toList());
  }

  @Test
  void messages_sent_while_disconnected_are_delivered_once_and_in_order() throws Exception {
    EarshotClient client = clientOfProxy();
    Room attic = client.join("attic");
    BlockingQueue<Event> received = events(client().join("attic"));
    // The server delivers these, but its answers are lost: the client sends them again.
    proxy().loseAnswers();
    List<CompletionStage<Cursor>> said = new ArrayList<>();
    IntStream.range(0, 10).forEach(i -> said.add(attic.sayAsync("lost " + i)));
    assertThat(texts(received, 10)).startsWith("lost 0").endsWith("lost 9");
    proxy().cut();
    await(client, State.RECONNECTING);
    IntStream.range(0, 10).forEach(i -> said.add(attic.sayAsync("away " + i)));
    proxy().restore();
    for (CompletionStage<Cursor> each : said) {
      assertThat(get(each).offset()).isPositive();
    }
    attic.say("end");
    assertThat(texts(received, 11))
        .containsExactlyElementsOf(
            IntStream.range(0, 11).mapToObj(i -> i < 10 ? "away " + i : "end").toList());
  }

  @Test
  void a_client_that_resumes_its_session_keeps_its_id() throws Exception {
    server.close();
    server = started("general.resumeWindow=60s");
    EarshotClient client = clientOfProxy();
    client.join("attic");
    String id = client.id();
    BlockingQueue<Event> received = events(client().join("attic"));
    proxy().cut();
    await(client, State.RECONNECTING);
    proxy().restore();
    await(client, State.OPEN);
    assertThat(client.id()).isEqualTo(id);
    client.join("attic").say("after resuming");
    assertThat(next(received)).isInstanceOf(Event.Message.class);
  }

  @Test
  void
      after_a_restart_of_the_server_the_client_is_in_its_rooms_and_knows_that_messages_may_be_missing()
          throws Exception {
    EarshotClient client = clientOfProxy();
    BlockingQueue<Event> received = events(client.join("attic"));
    client().join("attic").say("before");
    assertThat(texts(received, 1)).containsExactly("before");
    server.close();
    server = started();
    proxy().redirect(port());
    await(client, State.OPEN);
    Event event = next(received);
    while (!(event instanceof Event.Resumed)) {
      event = next(received); // the other client left
    }
    assertThat(event).isEqualTo(new Event.Resumed(false));
    client().join("attic").say("after");
    assertThat(texts(received, 1)).containsExactly("after");
  }

  @Test
  void a_join_while_disconnected_completes_after_the_reconnect() throws Exception {
    EarshotClient client = clientOfProxy();
    proxy().cut();
    await(client, State.RECONNECTING);
    CompletionStage<Room> joining = client.joinAsync("attic");
    proxy().restore();
    Room attic = get(joining);
    assertThat(attic.members().members()).containsExactly(client.id());
  }

  @Test
  void an_action_that_may_have_run_is_not_sent_again() throws Exception {
    var runs = new AtomicInteger();
    server.api().actions().add(Action.of("once", _ -> runs.incrementAndGet()));
    EarshotClient client = clientOfProxy();
    proxy().loseAnswers();
    CompletionStage<Map<String, Json>> answer = client.actionAsync("once", Map.of());
    while (runs.get() == 0) {
      Thread.onSpinWait();
    }
    proxy().cut();
    assertThatThrownBy(() -> get(answer)).hasMessageContaining("the connection was lost");
    proxy().restore();
    await(client, State.OPEN);
    assertThat(runs).hasValue(1);
  }
}
