package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Logins, the users of messages, and presence. */
final class LoginTest extends LoginTestCase {
  // --- users -----------------------------------------------------------------------------------

  @Test
  void the_user_is_in_messages_joins_leaves_signals_and_pages() throws Exception {
    start("users.leaveGrace=0s");
    EarshotClient bob = client();
    assertThat(bob.user()).isNull();
    Room attic = bob.join("attic");
    BlockingQueue<Event> received = events(attic);
    EarshotClient ada = loggedIn("ada");
    assertThat(ada.user()).isEqualTo(user("ada"));
    Room adas = ada.join("attic");
    assertThat(next(received)).isEqualTo(new Event.Joined(ada.id(), user("ada")));
    adas.say("hello");
    assertThat(((Event.Message) next(received)).user()).isEqualTo(user("ada"));
    get(adas.signalAsync(true, "typing"));
    assertThat(((Event.Signal) next(received)).user()).isEqualTo(user("ada"));
    assertThat(attic.history(null, 10).messages().getFirst().user()).isEqualTo(user("ada"));
    adas.leave();
    assertThat(next(received)).isEqualTo(new Event.Left(ada.id(), user("ada")));
    BlockingQueue<Event> adasEvents = events(ada.join("attic"));
    attic.say("from nobody");
    assertThat(((Event.Message) next(adasEvents)).user()).isNull();
  }

  @Test
  void present_lists_users_once_and_follows_joins_leaves_and_reconnects() throws Exception {
    start("users.leaveGrace=0s");
    EarshotClient bob = clientOfProxy();
    Room attic = bob.join("attic");
    BlockingQueue<Event> received = events(attic);
    Present own = new Present(bob.id(), null);
    Present ada = new Present("ada", user("ada"));
    assertThat(attic.present()).containsExactly(own);
    EarshotClient phone = loggedIn("ada");
    phone.join("attic");
    EarshotClient desk = loggedIn("ada");
    Room onDesk = desk.join("attic");
    assertThat(next(received)).isInstanceOf(Event.Joined.class);
    assertThat(attic.present()).containsExactlyInAnyOrder(own, ada);
    assertThat(attic.present()).isSameAs(attic.present()).isUnmodifiable();
    assertThat(onDesk.present()).containsExactlyInAnyOrder(own, ada);
    assertThat(attic.members().users().getFirst().members())
        .containsExactlyInAnyOrder(phone.id(), desk.id());
    assertThat(attic.members().users().getFirst().user()).isEqualTo(user("ada"));
    phone.close();
    EarshotClient carol = client();
    carol.join("attic");
    assertThat(next(received)).isEqualTo(new Event.Joined(carol.id(), null));
    assertThat(attic.present()).containsExactlyInAnyOrder(own, ada, new Present(carol.id(), null));
    proxy().cut();
    await(bob, State.RECONNECTING);
    desk.close();
    carol.close();
    proxy().restore();
    await(bob, State.OPEN);
    while (attic.present().size() > 1) {
      next(received); // their leaves may arrive after the list
    }
    assertThat(attic.present()).containsExactly(new Present(bob.id(), null));
  }

  // --- logins ----------------------------------------------------------------------------------

  @Test
  void a_client_of_a_server_for_users_logs_in_at_each_connect_before_it_enters_rooms()
      throws Exception {
    start("users.required=true", RULE);
    var asked = new AtomicInteger();
    EarshotClient ada =
        connected(
            ofProxy()
                .login(
                    () -> {
                      asked.incrementAndGet();
                      return token("ada");
                    }));
    assertThat(asked).hasValue(1);
    assertThat(ada.user()).isEqualTo(user("ada"));
    Room room = ada.join("ada.desk");
    BlockingQueue<Event> received = events(room);
    proxy().cut();
    await(ada, State.RECONNECTING);
    tell("ada.desk", "missed");
    proxy().restore();
    assertThat(next(received)).isEqualTo(new Event.Resumed(true));
    assertThat(texts(received, 1)).containsExactly("missed");
    assertThat(asked.get()).isGreaterThan(1);
    assertThat(room.say("still in").offset()).isPositive();
    assertThatThrownBy(this::client)
        .hasMessageContaining("users: EarshotClient.builder(uri).login");
  }

  @Test
  void a_first_connect_fails_with_the_reason_if_the_token_is_refused_or_there_is_none() {
    ClientBuilder expired =
        EarshotClient.builder(uri(port())).login(token("ada", Duration.ofMinutes(-1)));
    assertThatThrownBy(expired::connect)
        .hasMessageContaining("refused by the server")
        .hasMessageContaining("this token expired 6");
    ClientBuilder failing =
        EarshotClient.builder(uri(port()))
            .login(
                () -> {
                  throw new IOException("the shop is closed");
                });
    assertThatThrownBy(failing::connect)
        .hasMessageContaining("no token for the login: the shop is closed");
    var hold = new AtomicBoolean(true);
    ClientBuilder silent =
        EarshotClient.builder(uri(port()))
            .patience(Duration.ofMillis(50))
            .login(
                () -> {
                  while (hold.get()) {
                    LockSupport.parkNanos(1_000_000);
                  }
                  return null;
                });
    assertThatThrownBy(silent::connect).hasMessageContaining("none came in 50 ms");
    hold.set(false);
  }

  @Test
  void a_token_that_no_header_can_have_is_refused_without_telling_it() {
    for (String wrong : List.of(token("ada") + "\n", "Bearer " + token("ada"), "tökén")) {
      assertThatThrownBy(EarshotClient.builder(uri(port())).login(wrong)::connect)
          .hasMessageEndingWith("the login's token has characters that no header can have")
          .extracting(failure -> failure.toString() + failure.getCause())
          .asString()
          .doesNotContain(wrong.strip());
    }
  }

  @Test
  void a_login_that_the_server_refuses_at_the_first_connect_is_tried_once_more() {
    var asked = new AtomicInteger();
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(port()))
                .login(() -> asked.incrementAndGet() == 1 ? "forged" : token("ada")));
    assertThat(ada.user()).isEqualTo(user("ada"));
    asked.set(0);
    ClientBuilder forging =
        EarshotClient.builder(uri(port()))
            .login(
                () -> {
                  asked.incrementAndGet();
                  return "forged";
                });
    assertThatThrownBy(forging::connect)
        .hasMessageContaining("refused by the server")
        .hasMessageContaining("this token is not valid")
        .hasMessageNotContaining("Exception");
    assertThat(asked).hasValue(2);
  }

  @Test
  void a_token_source_that_fails_at_a_reconnect_is_asked_again_and_the_rooms_stay()
      throws Exception {
    start(RULE);
    var failures = new AtomicInteger();
    EarshotClient ada =
        connected(
            ofProxy()
                .login(
                    () -> {
                      if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                        throw new IOException("the shop is closed");
                      }
                      return token("ada");
                    }));
    BlockingQueue<Event> received = events(ada.join("ada.desk"));
    failures.set(3);
    proxy().cut();
    await(ada, State.RECONNECTING);
    tell("ada.desk", "missed");
    proxy().restore();
    assertThat(next(received)).isEqualTo(new Event.Resumed(true));
    assertThat(texts(received, 1)).containsExactly("missed");
    assertThat(failures).hasValue(0);
  }

  @Test
  void a_login_that_the_server_refuses_at_a_reconnect_is_tried_once_more() throws Exception {
    var asked = new AtomicInteger();
    var refused = new AtomicInteger();
    EarshotClient ada =
        connected(
            ofProxy()
                .login(
                    () -> {
                      asked.incrementAndGet();
                      return refused.getAndDecrement() > 0 ? "forged" : token("ada");
                    }));
    Room attic = ada.join("attic");
    refused.set(1);
    cutAndRestore(ada);
    attic.say("logged in by the second token");
    assertThat(ada.user()).isEqualTo(user("ada"));
    refused.set(100);
    proxy().cut();
    proxy().restore();
    await(ada, State.CLOSED);
    assertThatThrownBy(() -> attic.say("?")).hasMessageContaining("this token is not valid");
  }

  @Test
  void a_login_is_renewed_before_it_ends() throws Exception {
    start(RULE); // the server warns 30 s before the end, and so at once
    var asked = new AtomicInteger();
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(port()))
                .login(
                    () -> token("ada", Duration.ofSeconds(asked.getAndIncrement() == 0 ? 2 : 90))));
    BlockingQueue<Event> desk = events(ada.join("ada.desk"));
    await(() -> asked.get() == 2);
    long end = System.currentTimeMillis() + 2_000;
    await(() -> System.currentTimeMillis() > end);
    tell("ada.desk", "still in");
    assertThat(((Event.Message) next(desk)).text()).isEqualTo("still in");
    assertThat(ada.user()).isEqualTo(user("ada"));
    assertThat(asked).hasValue(2);
  }

  @Test
  void rooms_and_inbox_wait_for_a_newer_token_when_the_login_has_ended() throws Exception {
    start("tokens.warning=0", RULE);
    var isDown = new AtomicBoolean();
    var asked = new AtomicInteger();
    var inbox = new LinkedBlockingQueue<Event>();
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(port()))
                .inbox(null, inbox::add)
                .login(
                    () -> {
                      if (isDown.get()) {
                        asked.incrementAndGet();
                        throw new IOException("the shop is closed");
                      }
                      return token("ada", Duration.ofSeconds(asked.get() == 0 ? 3 : 3600));
                    }));
    BlockingQueue<Event> attic = events(ada.join("attic"));
    Room room = ada.join("ada.desk");
    BlockingQueue<Event> desk = events(room);
    room.say("so that it remembers");
    tell("@ada", "so that it remembers");
    assertThat(texts(inbox, 1)).hasSize(1);
    isDown.set(true);
    await(() -> asked.get() >= 3);
    assertThat(ada.user()).isNull();
    tell("ada.desk", "to the desk");
    tell("@ada", "to the inbox");
    tell("attic", "to all");
    assertThat(texts(attic, 1)).containsExactly("to all");
    isDown.set(false);
    assertThat(next(desk)).isEqualTo(new Event.Resumed(true));
    assertThat(texts(desk, 1)).containsExactly("to the desk");
    assertThat(next(inbox)).isEqualTo(new Event.Resumed(true));
    assertThat(texts(inbox, 1)).containsExactly("to the inbox");
    assertThat(ada.user()).isEqualTo(user("ada"));
  }

  @Test
  void a_room_that_needs_a_login_is_lost_when_no_newer_token_comes() throws Exception {
    start("tokens.warning=0", RULE);
    EarshotClient ada =
        connected(EarshotClient.builder(uri(port())).login(token("ada", Duration.ofSeconds(2))));
    BlockingQueue<Event> desk = events(ada.join("ada.desk"));
    assertThat(next(desk)).isEqualTo(new Event.Expelled("Error: you may not join this room"));
    assertThat(ada.state()).isEqualTo(State.OPEN);
    assertThat(ada.user()).isNull();
  }

  @Test
  void a_room_that_the_server_decides_about_is_lost_to_members_and_not_to_listeners()
      throws Exception {
    EarshotClient ada = loggedIn("ada");
    BlockingQueue<Event> heard = events(ada.listen("attic"));
    BlockingQueue<Event> joined = events(ada.join("cellar"));
    for (String room : List.of("attic", "cellar")) {
      get(server.api().users().join("ada", room));
      get(server.api().users().leave("ada", room));
    }
    assertThat(next(joined)).isEqualTo(new Event.Expelled("the server has ended the membership"));
    tell("attic", "still heard");
    assertThat(next(heard)).isInstanceOf(Event.Message.class);
  }
}
