package io.earshot.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.FeedEvent.Type;
import io.earshot.Publication;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.feed.log.Interest;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Consumers of the feed are told what happens on a server that is alone. */
class FeedTest {
  private TestServer server = new TestServer(2, TestServer.quiet());
  private final List<FeedEvent> told = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    server.earshot.close();
  }

  static Feed.Consumer consumer(String name, Set<Type> types, String... rooms) {
    return new Feed.Consumer(name, types, List.of(rooms), 100);
  }

  private Feed feed() {
    return server.earshot.api().feed();
  }

  private void consume(Set<Type> types, String... rooms) {
    var unused = feed().add(consumer("test", types, rooms), told::addAll);
  }

  private List<FeedEvent> told(int count) {
    server.runUntil(count + " events, of " + told, () -> told.size() >= count);
    assertThat(told).hasSize(count);
    return told;
  }

  private static String text(FeedEvent event, String field) {
    Json value = event.data().get(field);
    return value == null ? "-" : String.valueOf(value.asText());
  }

  private List<String> typesOf(List<FeedEvent> events) {
    return events.stream().map(each -> each.type().toString()).toList();
  }

  @Test
  void a_message_is_told_with_what_its_recipients_get() {
    consume(EnumSet.of(Type.MESSAGE), "attic*");
    Guest ada =
        server.guest(
            0, new User("ada", null, new Json.Obj(Map.of("id", Json.of("ada")))), Transport.TCP);
    ada.ask("roomChange cellar");
    ada.ask("say unheard");
    ada.ask("roomChange attic");
    String answer = ada.ask("say hello");
    FeedEvent event = told(1).getFirst();
    assertThat(event.type()).isEqualTo(Type.MESSAGE);
    assertThat(event.room()).isEqualTo("attic");
    assertThat(event.at()).isEqualTo(TestServer.NOW.toEpochMilli());
    assertThat(text(event, "message")).isEqualTo("hello");
    assertThat(text(event, "from")).isEqualTo(ada.id());
    assertThat(text(event, "offset")).isEqualTo("1");
    assertThat(answer).contains("\"epoch\":\"" + text(event, "epoch") + "\"");
    assertThat(event.id()).startsWith("m-" + text(event, "epoch") + "-1-");
    assertThat(event.data().get("user")).isEqualTo(new Json.Obj(Map.of("id", Json.of("ada"))));
    assertThat(event.data().get("audience")).isNull();
  }

  @Test
  void a_message_for_an_audience_says_so_and_messages_of_server_code_are_told() {
    consume(EnumSet.of(Type.MESSAGE), "*");
    var unused =
        server
            .earshot
            .api()
            .chatRoom()
            .publish(
                new Publication(
                    "attic", Json.of("psst"), null, new Audience("role", "staff"), null));
    var unusedToo = server.earshot.api().chatRoom().socketRoomBroadcast(StandIn.in("attic"), "all");
    List<FeedEvent> events = told(2);
    assertThat(events.getFirst().data().get("audience"))
        .isEqualTo(new Json.Obj(Map.of("key", Json.of("role"), "value", Json.of("staff"))));
    assertThat(events.getLast().data().get("audience")).isNull();
  }

  @Test
  void the_events_of_a_room_and_of_a_client_come_in_their_order() {
    consume(EnumSet.allOf(Type.class), "attic");
    Guest ada = server.guest();
    ada.ask("roomChange attic");
    ada.ask("say hello");
    ada.ask("quit");
    List<FeedEvent> events = told(7);
    assertThat(typesOf(events.stream().filter(each -> each.room() != null).toList()))
        .containsExactly("room.opened", "joined", "message", "left", "room.closed");
    List<FeedEvent> others = events.stream().filter(each -> each.room() == null).toList();
    assertThat(typesOf(others)).containsExactly("connected", "disconnected");
    assertThat(others)
        .allMatch(each -> text(each, "client").equals(text(others.getFirst(), "client")));
    assertThat(text(others.getLast(), "reason")).isNotEqualTo("-");
    assertThat(others).allMatch(each -> text(each, "transport").equals("tcp"));
    assertThat(events.stream().map(FeedEvent::id)).doesNotHaveDuplicates();
  }

  @Test
  void a_user_is_present_from_the_first_connection_to_the_last() {
    consume(EnumSet.of(Type.USER_PRESENT, Type.USER_ABSENT), "*");
    var user = new User("ada", null, new Json.Obj(Map.of("id", Json.of("ada"))));
    Guest phone = server.guest(0, user, Transport.WEBSOCKET);
    Guest laptop = server.guest(1, user, Transport.WEBSOCKET);
    told(1);
    phone.send("quit");
    server.settle();
    phone.identify(null); // a logout of a client that is gone
    laptop.identify(user); // a renewed login
    told(1);
    laptop.identify(null);
    assertThat(typesOf(told(2))).containsExactly("user.present", "user.absent");
    assertThat(told).allMatch(each -> user.json().equals(each.data().get("user")));
  }

  @Test
  void a_session_that_is_resumed_is_not_disconnected() {
    server.earshot.close();
    server = new TestServer(2, TestServer.quiet().with("general.resumeWindow", "30s"));
    consume(EnumSet.of(Type.CONNECTED, Type.DISCONNECTED, Type.JOINED, Type.LEFT), "*");
    Guest ada = server.guest();
    String session = TestServer.session(ada.hear().getFirst());
    String id = ada.id();
    ada.loop.run(ada.intake::gone);
    Guest back = server.guest(1, TestServer.Lines.TWO);
    server.settle();
    String other = back.id();
    assertThat(back.ask("resume " + session)).contains("OK");
    List<String> before = told(6).stream().map(each -> each.type() + text(each, "client")).toList();
    assertThat(before)
        .containsExactlyInAnyOrder(
            "connected" + id,
            "joined" + id,
            "connected" + other,
            "joined" + other,
            "left" + other,
            "disconnected" + other);
    told.clear();
    back.loop.run(back.intake::gone);
    server.pass(Duration.ofSeconds(31));
    assertThat(told(2).stream().map(each -> each.type() + text(each, "client")))
        .containsExactlyInAnyOrder("left" + id, "disconnected" + id);
  }

  @Test
  void a_session_that_is_resumed_while_its_connection_breaks_is_not_disconnected() {
    for (int steps = 0; steps < 25; steps++) {
      server.earshot.close();
      told.clear();
      server = new TestServer(2, TestServer.quiet().with("general.resumeWindow", "30s"));
      consume(EnumSet.of(Type.DISCONNECTED, Type.LEFT), "*");
      Guest ada = server.guest();
      String session = TestServer.session(ada.hear().getFirst());
      String id = ada.id();
      Guest back = server.guest(1, TestServer.Lines.TWO);
      server.settle();
      back.send("resume " + session);
      var random = new Random(steps);
      for (int i = 0; i < steps; i++) {
        server.step(random);
      }
      ada.loop.run(ada.intake::gone);
      server.settle();
      assertThat(back.id()).isEqualTo(id);
      assertThat(told(2)).noneMatch(each -> text(each, "client").equals(id));
    }
  }

  @Test
  void an_action_that_fails_is_told_with_its_name() {
    consume(EnumSet.of(Type.ACTION_FAILED), "*");
    server
        .earshot
        .api()
        .actions()
        .add(
            new Action() {
              @Override
              public String name() {
                return "broken";
              }

              @Override
              public String description() {
                return "Fails.";
              }

              @Override
              public void run(Call call) {
                throw new IllegalStateException("on purpose");
              }
            });
    Guest ada = server.guest();
    ada.send("broken");
    FeedEvent event = told(1).getFirst();
    assertThat(text(event, "action")).isEqualTo("broken");
    assertThat(text(event, "error")).contains("on purpose");
    assertThat(text(event, "client")).isEqualTo(ada.id());
  }

  @Test
  void a_consumer_that_fails_is_told_the_same_again_after_growing_pauses() {
    var calls = new AtomicInteger();
    var unused =
        feed()
            .add(
                consumer("test", EnumSet.of(Type.MESSAGE), "*"),
                events -> {
                  if (calls.incrementAndGet() <= 3) {
                    throw new IllegalStateException("not now");
                  }
                  told.addAll(events);
                });
    Guest ada = server.guest();
    ada.ask("say one");
    server.runUntil("a call", () -> calls.get() == 1);
    ada.ask("say two");
    for (int pause = 100, call = 2; call <= 4; pause *= 2, call++) {
      int expected = call;
      long before = server.elapsed();
      server.runUntil(
          "call " + call,
          () -> {
            if (calls.get() < expected) {
              server.pass(Duration.ofMillis(10));
            }
            return calls.get() >= expected;
          });
      assertThat(server.elapsed() - before).isGreaterThanOrEqualTo(pause);
    }
    assertThat(told(2).stream().map(each -> text(each, "message"))).containsExactly("one", "two");
  }

  @Test
  void a_consumer_that_is_closed_is_interrupted_and_goes_on_where_it_was_when_it_is_added_again() {
    var begun = new Semaphore(0);
    var ended = new AtomicInteger();
    Feed.Registration registration =
        feed()
            .add(
                new Feed.Consumer("test", EnumSet.of(Type.MESSAGE), List.of("*"), 1),
                events -> {
                  if (text(events.getFirst(), "message").equals("two")) {
                    begun.release();
                    try {
                      new Semaphore(0).acquire();
                    } finally {
                      ended.incrementAndGet();
                    }
                  }
                });
    Guest ada = server.guest();
    ada.ask("say one");
    ada.ask("say two");
    server.runUntil("a call", () -> begun.tryAcquire());
    assertThatThrownBy(() -> consume(EnumSet.of(Type.MESSAGE), "*"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("test");
    registration.close();
    assertThat(ended).hasValue(1);
    ada.ask("say three");
    consume(EnumSet.of(Type.MESSAGE), "*");
    ada.ask("say four");
    assertThat(told(3).stream().map(each -> text(each, "message")))
        .containsExactly("two", "three", "four");
  }

  @Test
  void events_are_kept_for_a_minute_for_a_consumer_that_was_removed() {
    Feed.Registration registration =
        feed().add(consumer("test", EnumSet.of(Type.MESSAGE), "*"), told::addAll);
    Guest ada = server.guest();
    ada.ask("say one");
    told(1);
    feed().removeAll();
    registration.close(); // again, which does nothing
    server.settle();
    server.pass(Duration.ofMillis(59_999));
    ada.ask("say two");
    server.pass(Duration.ofMillis(1));
    server.runUntil(
        "no interest", () -> EngineInside.feed(server.earshot).interest() == Interest.NONE);
    ada.ask("say three");
    consume(EnumSet.of(Type.MESSAGE), "*");
    ada.ask("say four");
    assertThat(told(3).stream().map(each -> text(each, "message")))
        .containsExactly("one", "two", "four");
  }

  @Test
  void without_a_consumer_nothing_is_kept() {
    Guest ada = server.guest();
    ada.ask("say one");
    Feed.Registration other =
        feed().add(consumer("other", EnumSet.of(Type.JOINED), "*"), events -> {});
    ada.ask("say two");
    consume(EnumSet.of(Type.MESSAGE), "*");
    ada.ask("say three");
    assertThat(told(1).stream().map(each -> text(each, "message"))).containsExactly("three");
    assertThat(server.earshot.state().feed().consumers())
        .allMatch(each -> each.waiting() <= 1)
        .hasSize(2);
    other.close();
  }

  @Test
  void a_server_that_stops_tells_that_its_clients_have_left() {
    consume(EnumSet.of(Type.LEFT, Type.DISCONNECTED), "*");
    var ids = new ArrayList<String>();
    for (int i = 0; i < 3; i++) {
      ids.add(server.guest(i % 2, TestServer.Lines.ONE).id());
    }
    server.settle();
    server.earshot.closeAll();
    assertThat(told(6).stream().map(each -> text(each, "client")).distinct())
        .containsExactlyInAnyOrderElementsOf(ids);
  }
}
