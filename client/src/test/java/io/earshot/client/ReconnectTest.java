package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Target;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SubmissionPublisher;
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
  void a_client_that_joined_with_a_history_receives_what_it_missed_and_nothing_again()
      throws Exception {
    EarshotClient bob = client();
    Room attic = bob.join("attic");
    attic.say("earlier");
    EarshotClient client = clientOfProxy();
    var received = new LinkedBlockingQueue<Event>();
    var _ = client.join("attic", 10, received::add);
    attic.say("before");
    assertThat(texts(received, 2)).containsExactly("earlier", "before");
    proxy().cut();
    await(client, State.RECONNECTING);
    attic.say("missed");
    proxy().restore();
    await(client, State.OPEN);
    attic.say("after");
    assertThat(texts(received, 2)).containsExactly("missed", "after");
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

  private void startWithLogin() {
    server.close();
    server = started("rooms.rules=vip.* join=auth:true");
    server
        .api()
        .actions()
        .add(Action.of("userLogin", call -> call.connection().set("auth", "true")));
  }

  private Room loggedIn(EarshotClient client) {
    client.action("userLogin", Map.of());
    return client.join("vip.lounge");
  }

  private void reconnect(EarshotClient client) throws Exception {
    proxy().cut();
    await(client, State.RECONNECTING);
    proxy().restore();
    await(client, State.OPEN);
  }

  @Test
  void a_room_that_needs_a_login_is_entered_again_once_the_program_has_logged_in_again()
      throws Exception {
    startWithLogin();
    EarshotClient client = clientOfProxy();
    BlockingQueue<Event> received = events(loggedIn(client));
    Room there = loggedIn(client());
    assertThat(next(received)).isInstanceOf(Event.Joined.class);
    for (int i = 0; i < 2; i++) {
      reconnect(client);
      there.say("missed");
      client.action("userLogin", Map.of());
      assertThat(next(received)).isEqualTo(new Event.Resumed(true));
      assertThat(texts(received, 1)).containsExactly("missed");
    }
  }

  @Test
  void a_program_that_does_not_log_in_again_is_told_that_it_has_lost_the_room() throws Exception {
    startWithLogin();
    EarshotClient client =
        connected(EarshotClient.builder(uri(proxy().port())).patience(Duration.ofSeconds(1)));
    BlockingQueue<Event> received = events(loggedIn(client));
    reconnect(client);
    assertThat(next(received)).isEqualTo(new Event.Expelled("Error: you may not join this room"));
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
  void a_join_that_failed_leaves_no_handler_behind() throws Exception {
    EarshotClient client =
        connected(EarshotClient.builder(uri(proxy().port())).patience(Duration.ofMillis(300)));
    Room attic = client.join("attic");
    BlockingQueue<Event> received = events(attic);
    proxy().cut();
    await(client, State.RECONNECTING);
    var handled = new LinkedBlockingQueue<Event>();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> client.join("attic", 0, handled::add)).hasMessageContaining("time");
    }
    SubmissionPublisher<Event> publisher = (SubmissionPublisher<Event>) attic.events();
    await(() -> publisher.getNumberOfSubscribers() == 1);
    proxy().restore();
    var _ = client.join("attic", 0, handled::add);
    client().join("attic").say("one");
    assertThat(texts(received, 1)).containsExactly("one");
    assertThat(texts(handled, 1)).containsExactly("one");
  }

  @Test
  void a_subscription_that_is_closed_before_it_has_begun_does_not_begin() {
    var handled = new LinkedBlockingQueue<Event>();
    var subscription = new Subscription(handled::add);
    subscription.close();
    try (var publisher = new SubmissionPublisher<Event>(Runnable::run, 16)) {
      publisher.subscribe(subscription);
      publisher.submit(new Event.Gap(1, 2));
    }
    assertThat(handled).isEmpty();
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

  @Test
  void a_dead_network_is_noticed_by_its_silence() throws Exception {
    EarshotClient client =
        connected(EarshotClient.builder(uri(proxy().port())).heartbeat(Duration.ofMillis(150)));
    Room attic = client.join("attic");
    BlockingQueue<Event> received = events(attic);
    attic.say("so that it remembers");
    assertThat(client.state()).isEqualTo(State.OPEN);
    proxy().loseAnswers(); // nothing arrives any more, and no connection ends
    client().join("attic").say("meanwhile");
    await(client, State.RECONNECTING);
    proxy().cut();
    proxy().restore();
    assertThat(texts(received, 1)).containsExactly("meanwhile");
    assertThat(client.state()).isEqualTo(State.OPEN);
  }

  @Test
  void a_room_that_was_left_while_disconnected_is_left_when_the_session_resumes() throws Exception {
    server.close();
    server = started("general.resumeWindow=60s");
    EarshotClient client = clientOfProxy();
    Room attic = client.join("attic");
    EarshotClient bob = client();
    BlockingQueue<Event> received = events(bob.join("attic"));
    String id = client.id();
    proxy().cut();
    await(client, State.RECONNECTING);
    attic.leave();
    proxy().restore();
    assertThat(next(received)).isEqualTo(new Event.Left(id, null));
    await(client, State.OPEN);
    assertThat(client.id()).isEqualTo(id);
  }

  @Test
  void a_client_stays_in_the_rooms_that_the_server_chose_when_its_session_resumes()
      throws Exception {
    server.close();
    server = started("general.resumeWindow=60s");
    Room team = client().join("team");
    server.api().hooks().onConnect((_, connection) -> connection.join("team"));
    EarshotClient client = clientOfProxy();
    String id = client.id();
    for (int i = 0; i < 2; i++) {
      reconnect(client);
      assertThat(client.action("randomNumber", Map.of())).as("after any leave").isNotEmpty();
      assertThat(team.members().members()).contains(id);
    }
    Room own = client.join("team");
    BlockingQueue<Event> received = events(own);
    team.say("to a room that it was in already");
    assertThat(texts(received, 1)).containsExactly("to a room that it was in already");
    own.leave();
    assertThat(team.members().members()).doesNotContain(id);
  }

  @Test
  void a_client_that_the_server_closes_for_good_does_not_reconnect() throws Exception {
    EarshotClient client = clientOfProxy();
    Room attic = client.join("attic");
    assertThat(get(server.api().kick(client.id(), "no shouting"))).isTrue();
    await(client, State.CLOSED);
    assertThatThrownBy(() -> attic.say("?"))
        .hasMessage("the server closed this client: no shouting");
    EarshotClient banned = clientOfProxy();
    var _ =
        get(
            server
                .api()
                .moderation()
                .ban(new Target.Id(banned.id()), Duration.ofMinutes(1), "no more"));
    await(banned, State.CLOSED);
    assertThatThrownBy(() -> banned.join("attic")).hasMessageContaining("no more");
  }
}
