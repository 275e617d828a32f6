package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Permission;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Tokens of private rooms. */
final class TokensTest extends ClientTest {

  @Test
  void the_client_asks_for_tokens_and_renews_them() throws Exception {
    server.close();
    server = started("tokens.warning=2h");
    var room = server.api().chatRoom().createPrivateRoom();
    var asked = new AtomicInteger();
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(proxy().port()))
                .tokens(
                    name -> {
                      if (!name.equals(room.name())) {
                        return null;
                      }
                      asked.incrementAndGet();
                      return room.token("ada", Duration.ofHours(1));
                    }));
    Room inside = ada.join(room.name());
    inside.say("in");
    while (asked.get() < 2) {
      Thread.onSpinWait(); // the server warns at once, and the client asks again
    }
    proxy().cut();
    await(ada, State.RECONNECTING);
    proxy().restore();
    await(ada, State.OPEN);
    assertThat(inside.members().members()).containsExactly(ada.id());
    assertThatThrownBy(() -> client().join(room.name()))
        .hasMessage("Error: this room asks for a token");
  }

  @Test
  void without_a_token_a_join_fails_and_a_reconnect_is_retried() throws Exception {
    var room = server.api().chatRoom().createPrivateRoom();
    var isDown = new AtomicBoolean(true);
    var asked = new AtomicInteger();
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(proxy().port()))
                .tokens(
                    _ -> {
                      asked.incrementAndGet();
                      if (isDown.get()) {
                        throw new IllegalStateException("no token source");
                      }
                      return room.token("ada", Duration.ofHours(1));
                    }));
    assertThatThrownBy(() -> ada.join(room.name())).hasMessageContaining("no token source");
    ada.join("attic").say("needs no token");
    isDown.set(false);
    Room inside = ada.join(room.name());
    BlockingQueue<Event> received = events(inside);
    isDown.set(true);
    proxy().cut();
    await(ada, State.RECONNECTING);
    proxy().restore();
    await(ada, State.OPEN);
    int before = asked.get();
    while (asked.get() < before + 3) {
      Thread.onSpinWait();
    }
    isDown.set(false);
    assertThat(next(received)).isInstanceOf(Event.Resumed.class);
    assertThat(inside.members().members()).containsExactly(ada.id());
  }

  @Test
  void a_client_without_a_newer_token_is_expelled() throws Exception {
    server.close();
    server = started("tokens.warning=0");
    var room = server.api().chatRoom().createPrivateRoom();
    String token = room.token("ada", Duration.ofSeconds(2), Set.of(Permission.JOIN));
    EarshotClient ada =
        opened(
            EarshotClient.builder(uri(port()))
                .tokens(name -> name.equals(room.name()) ? token : null)
                .connect());
    BlockingQueue<Event> received = events(ada.join(room.name()));
    assertThat(next(received)).isEqualTo(new Event.Expelled("the token has expired"));
  }

  @Test
  void a_token_that_never_comes_holds_up_its_own_room_only() throws Exception {
    var never = new AtomicBoolean();
    EarshotClient ada =
        connected(
            EarshotClient.builder(uri(proxy().port()))
                .tokens(
                    name -> {
                      while (never.get() && name.equals("slow")) {
                        LockSupport.parkNanos(1_000_000);
                      }
                      return null;
                    }));
    ada.join("slow");
    Room attic = ada.join("attic");
    never.set(true);
    proxy().cut();
    await(ada, State.RECONNECTING);
    proxy().restore();
    assertThat(attic.say("still in").offset()).isPositive();
    never.set(false);
    assertThat(ada.join("slow").members().members()).containsExactly(ada.id());
  }
}
