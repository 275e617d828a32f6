package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Messages, members and actions of rooms. */
final class RoomsTest extends ClientTest {

  @Test
  void a_message_reaches_the_other_members_of_the_room() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    BlockingQueue<Event> received = events(ada.join("attic"));
    Room attic = bob.join("attic");
    assertThat(next(received)).isEqualTo(new Event.Joined(bob.id(), null));
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
    assertThat(next(received)).isEqualTo(new Event.Left(bob.id(), null));
    assertThatThrownBy(() -> attic.say("from outside"))
        .isInstanceOf(EarshotException.class)
        .hasMessage("Error: you are not in this room");
    assertThat(bob.home().name()).isEqualTo("defaultRoom");
    assertThatThrownBy(() -> bob.home().leave()).hasMessageContaining("default room");
  }

  @Test
  void a_message_with_the_text_of_an_announcement_is_a_message() throws Exception {
    BlockingQueue<Event> received = events(client().join("attic"));
    Room attic = client().join("attic");
    attic.say("I have left the room");
    attic.say("I have entered the room");
    assertThat(texts(received, 2))
        .containsExactly("I have left the room", "I have entered the room");
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

  @Test
  void a_room_is_left_when_each_join_of_it_was_left() throws Exception {
    EarshotClient ada = client();
    EarshotClient bob = client();
    Room watched = bob.join("attic");
    BlockingQueue<Event> seen = events(watched);
    Room one = ada.join("attic");
    Room two = ada.join("attic");
    Room ear = ada.listen("attic");
    BlockingQueue<Event> heard = events(ear);
    assertThat(next(seen)).isEqualTo(new Event.Joined(ada.id(), null));
    one.leave();
    one.leave(); // once is enough
    assertThat(watched.members().members()).contains(ada.id());
    two.leave();
    assertThat(next(seen)).isEqualTo(new Event.Left(ada.id(), null));
    watched.say("for the listener");
    assertThat(texts(heard, 1)).containsExactly("for the listener");
    ear.leave();
    watched.say("for nobody");
    assertThat(ada.action("randomNumber", Map.of())).isNotEmpty();
    assertThat(heard.stream().filter(Event.Message.class::isInstance)).isEmpty();
  }

  @Test
  void a_room_that_is_left_while_it_is_joined_has_no_ghost() throws Exception {
    var hold = new CountDownLatch(1);
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(port()))
                .tokens(
                    name -> {
                      if (name.equals("slow")) {
                        awaitQuietly(hold);
                      }
                      return null;
                    }));
    EarshotClient bob = client();
    Room slow = bob.join("slow");
    CompletionStage<Room> joining = ada.joinAsync("slow");
    CompletionStage<Room> again = ada.joinAsync("slow");
    EarshotClient impatient =
        connected(
            EarshotClient.builder(uri(port()))
                .patience(Duration.ofMillis(400))
                .tokens(
                    _ -> {
                      awaitQuietly(hold);
                      return null;
                    }));
    assertThatThrownBy(() -> impatient.join("slow")).hasMessageContaining("in time");
    ada.close();
    hold.countDown();
    assertThatThrownBy(() -> get(joining)).hasMessageContaining("closed");
    assertThatThrownBy(() -> get(again)).hasMessageContaining("closed");
    assertThat(impatient.home().members().members()).contains(impatient.id());
    assertThat(slow.members().members()).containsExactly(bob.id());
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void a_name_that_no_room_can_have_fails() {
    EarshotClient ada = client();
    for (String name : List.of("", "a\nb", "\ud800", "x".repeat(257))) {
      assertThatThrownBy(() -> ada.join(name)).hasMessageContaining("room names have");
      assertThatThrownBy(() -> ada.listen(name)).hasMessageContaining("room names have");
    }
    assertThat(ada.join("..").say("hello").offset()).isPositive();
  }

  @Test
  void a_client_joins_a_room_with_its_newest_messages() throws Exception {
    Room attic = client().join("attic");
    IntStream.rangeClosed(1, 5).forEach(attic::say);
    var events = new LinkedBlockingQueue<Event>();
    EarshotClient bob = client();
    Room room = bob.join("attic", 3, events::add);
    attic.say(6);
    assertThat(texts(events, 4)).containsExactly("3", "4", "5", "6");
    room.say("mine");
    room.leave();
    var again = new LinkedBlockingQueue<Event>();
    var _ = bob.join("attic", 2, again::add);
    assertThat(texts(again, 2)).as("its own, too").containsExactly("6", "mine");
    assertThatThrownBy(() -> bob.join("cellar", 1_000_000, again::add))
        .hasMessageContaining("history must be a number from 0 to 1000");
  }

  @Test
  void a_client_reads_the_history_page_by_page() {
    Room attic = client().join("attic");
    IntStream.rangeClosed(1, 5).forEach(attic::say);
    Room.Page newest = attic.history(null, 3);
    assertThat(newest.messages().stream().map(Event.Message::text)).containsExactly("3", "4", "5");
    assertThat(newest.more()).isTrue();
    Room.Page oldest = attic.history(newest.messages().getFirst().place(), 1_000);
    assertThat(oldest.messages().stream().map(Event.Message::text)).containsExactly("1", "2");
    assertThat(oldest.more()).isFalse();
    assertThatThrownBy(() -> attic.history(null, 1_000_000))
        .hasMessageContaining("limit must be a number from 1 to 1000");
  }
}
