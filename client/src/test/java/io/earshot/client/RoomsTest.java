package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Messages, members and actions of rooms. */
final class RoomsTest extends ClientTest {

  @Test
  void a_message_reaches_the_other_members_of_the_room() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    BlockingQueue<Event> received = events(ada.join("attic"));
    Room attic = bob.join("attic");
    assertThat(next(received)).isEqualTo(new Event.Joined(bob.id()));
    Cursor at = attic.say(Map.of("n", 1));
    assertThat(next(received))
        .isInstanceOfSatisfying(
            Event.Message.class,
            message -> {
              assertThat(message.message()).isEqualTo(Json.from(Map.of("n", 1)));
              assertThat(message.from()).isEqualTo(bob.id());
              assertThat(message.place()).isEqualTo(at);
              assertThat(message.sentAt()).isPositive();
            });
    assertThat(attic.members().members()).containsExactly(ada.id(), bob.id());
    attic.leave();
    assertThat(next(received)).isEqualTo(new Event.Left(bob.id()));
    assertThatThrownBy(() -> attic.say("from outside"))
        .isInstanceOf(EarshotException.class)
        .hasMessage("Error: you are not in this room");
    assertThat(bob.home().name()).isEqualTo("defaultRoom");
    assertThatThrownBy(() -> bob.home().leave()).hasMessageContaining("default room");
  }

  @Test
  void a_listener_receives_messages_and_a_targeted_message_reaches_only_its_target()
      throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    Room attic = ada.join("attic");
    BlockingQueue<Event> received = events(bob.listen("attic"));
    get(attic.sayAsync("not for bob", "id", "nobody"));
    get(attic.sayAsync("for bob", "id", bob.id()));
    assertThat(texts(received, 1)).containsExactly("for bob");
    assertThat(attic.members().members()).containsExactly(ada.id());
  }

  @Test
  void a_member_that_also_listens_receives_each_message_once() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    BlockingQueue<Event> attic = events(ada.join("attic"));
    ada.listen("attic"); // changes nothing
    BlockingQueue<Event> cellar = events(ada.listen("cellar"));
    Room inCellar = bob.join("cellar");
    inCellar.say("one");
    Room joined = ada.join("cellar");
    assertThat(joined.members().members()).containsExactlyInAnyOrder(ada.id(), bob.id());
    inCellar.say("two");
    inCellar.say("three");
    bob.join("attic").say("in the attic");
    assertThat(texts(cellar, 3)).containsExactly("one", "two", "three");
    assertThat(texts(attic, 1)).containsExactly("in the attic");
    joined.leave();
    inCellar.say("not received");
    ada.join("cellar");
    inCellar.say("back");
    assertThat(inCellar.members().members()).hasSize(2);
  }

  @Test
  void an_action_returns_its_answer_or_fails_with_the_error_of_the_server() throws Exception {
    server
        .api()
        .actions()
        .add(Action.of("double", call -> call.put("twice", Integer.parseInt(call.text("n")) * 2)));
    EarshotClient ada = client();
    assertThat(ada.action("double", Map.of("n", 21))).containsEntry("twice", Json.of(42));
    assertThatThrownBy(() -> ada.action("fly", Map.of()))
        .hasMessage("Error: fly is not a known action.");
  }

  @Test
  void a_message_that_is_too_long_fails_and_the_others_are_delivered() throws Exception {
    BlockingQueue<Event> received = events(client().join("attic"));
    Room attic = clientOfProxy().join("attic");
    CompletionStage<Cursor> before = attic.sayAsync("before");
    CompletionStage<Cursor> tooLong = attic.sayAsync("ü".repeat(40_000));
    CompletionStage<Cursor> after = attic.sayAsync("after");
    assertThatThrownBy(() -> get(tooLong)).hasMessageContaining("have at most 65536 bytes");
    get(before);
    get(after);
    assertThat(texts(received, 2)).containsExactly("before", "after");
  }

  @Test
  void a_closed_client_refuses_requests() {
    EarshotClient ada = client();
    Room attic = ada.join("attic");
    ada.close();
    assertThat(ada.state()).isEqualTo(State.CLOSED);
    assertThatThrownBy(() -> attic.say("x")).hasMessage("this client is closed");
    assertThatThrownBy(() -> ada.join("y")).hasMessage("this client is closed");
  }
}
