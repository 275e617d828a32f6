package io.earshot.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Hooks;
import io.earshot.RefusedException;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.protocol.Json;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import io.earshot.testing.Await;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Programs that verify the tokens of logins themselves. */
final class LoginHookTest extends LoginTestCase {
  private Json.Obj claims(String id) {
    long end = server.now().plusSeconds(300).getEpochSecond();
    return (Json.Obj) Json.from(Map.of("sub", id, "exp", end));
  }

  private Hooks.Registration verifyBy(Hooks.LoginHook hook) {
    return server.earshot.api().hooks().onLogin(hook);
  }

  private List<String> heard(Guest guest) {
    var heard = new ArrayList<String>();
    Await.until(
        "an answer",
        () -> {
          server.settle();
          heard.addAll(guest.hear());
          return !heard.isEmpty();
        });
    return heard;
  }

  @Test
  void a_hook_verifies_tokens_and_leaves_others_to_the_keys() {
    Hooks.Registration hook = verifyBy(token -> token.equals("pass") ? claims("ada") : null);
    assertThat(heard(connect(Shown.token("pass")))).first().asString().contains("\"id\":\"ada\"");
    assertThat(heard(connect(Shown.token(token("bob"))))).first().asString().contains("BOB");
    hook.close();
    assertThat(heard(connect(Shown.token("pass")))).first().asString().contains("Error");
  }

  @Test
  void a_token_that_a_hook_refuses_is_no_login_whatever_the_keys_say() {
    var _ =
        verifyBy(
            token -> {
              throw new RefusedException("this account is closed");
            });
    assertThat(heard(connect(Shown.token(token("ada")))))
        .first()
        .asString()
        .contains("Error: this account is closed");
  }

  @Test
  void claims_without_an_end_are_no_login() {
    var _ = verifyBy(token -> (Json.Obj) Json.from(Map.of("sub", "ada")));
    assertThat(heard(connect(Shown.token("pass")))).first().asString().contains("no claim exp");
  }

  /** A program may verify tokens with the key that also signs those for rooms. */
  @Test
  void a_token_for_a_room_is_no_login_even_if_a_hook_verifies_it() {
    Json.Obj claims = claims("ada");
    var forRoom = new LinkedHashMap<>(claims.fields());
    forRoom.put("room", Json.of("attic"));
    var _ = verifyBy(token -> new Json.Obj(forRoom));
    assertThat(heard(connect(Shown.token("pass")))).first().asString().contains("it is for a room");
  }

  @Test
  void a_hook_that_takes_too_long_refuses_the_login() {
    server = new TestServer(1, config().with("hooks.timeout", Duration.ofMillis(50)));
    var never = new CountDownLatch(1);
    var _ =
        verifyBy(
            token -> {
              never.await();
              return claims("ada");
            });
    assertThat(heard(connect(Shown.token("pass"))))
        .first()
        .asString()
        .contains("Error: the server took too long to check this token");
  }

  @Test
  void an_operator_hears_of_hooks_that_fail_or_take_too_long() {
    var incidents = new Incidents();
    var hooks =
        new LoginHooks(Duration.ofMillis(50), new TimedVirtualThreads(), () -> 0, incidents);
    Hooks.LoginHook failing =
        token -> {
          throw new IllegalStateException("planted");
        };
    hooks.add(failing);
    assertThat(hooks.ask("pass"))
        .failsWithin(Await.LIMIT)
        .withThrowableThat()
        .havingRootCause()
        .withMessage("planted");
    hooks.remove(failing);
    var never = new CountDownLatch(1);
    hooks.add(
        token -> {
          never.await();
          return null;
        });
    assertThat(hooks.ask("pass"))
        .failsWithin(Await.LIMIT)
        .withThrowableThat()
        .havingRootCause()
        .isInstanceOf(RefusedException.class);
    assertThat(incidents.all())
        .extracting(Incidents.Entry::kind)
        .containsExactlyInAnyOrder(Incident.FAILED_HOOK, Incident.SLOW_HOOK);
  }
}
