package io.earshot.browser;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import io.earshot.netty.testing.RestartableServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The client of {@code client-js}, as its users have it, against real servers. */
final class JavaScriptClientTest {
  private static final Path SOURCES =
      Path.of(System.getProperty("earshot.root", "..")).resolve("client-js");

  /** A server that takes logins. */
  private static final Config LOGINS =
      Config.defaults().with("tokens.keys", List.of("k1 HS256 a secret that only tests know of"));

  /** One where staff may write to inboxes, and logins end soon. */
  private static final Config STAFF =
      LOGINS
          .with("users.attributes", List.of("role=role"))
          .with("rooms.rules", List.of("@* say=role:staff"))
          .with("tokens.warning", "2s");

  /** Runs the tests of a file, which get the ports of the servers. */
  private static void pass(NodeProgram program, String file, String... given) throws Exception {
    var command = new ArrayList<>(List.of("node", "--experimental-websocket"));
    command.addAll(List.of("--test-reporter=spec", "--test-force-exit", file));
    command.addAll(List.of(given));
    assertThat(program.run(command.toArray(String[]::new))).contains("fail 0", "skipped 0");
  }

  @Test
  void the_client_joins_says_hears_and_resumes_over_every_transport() throws Exception {
    NodeProgram program = NodeProgram.install(SOURCES);
    Config plain =
        Config.defaults()
            .with("general.reconnectSpread", "100ms")
            .with("limits.rooms", 30)
            .with("rooms.rules", List.of("vip.* join=auth:true"));
    Action login = Action.of("userLogin", call -> call.connection().set("auth", "true"));
    Action draft =
        Action.of(
            "draft",
            call ->
                call.put(
                    "joined",
                    call.connection().join(call.text("room")).toCompletableFuture().get()));
    Config keeps = STAFF.with("general.resumeWindow", "30s").with("limits.rooms", 1_000);
    Config low =
        Config.defaults()
            .with("limits.exemptAddresses", List.of())
            .with("limits.requestsPerSecond", 40);
    try (var mortal = new RestartableServer(plain, actions -> actions.add(login));
        EarshotServer users = Kind.LEAN_FRAMES.start(STAFF.with("users.required", true));
        EarshotServer busy = Kind.LEAN_FRAMES.start(low);
        EarshotServer sessions = Kind.LEAN_FRAMES.start(keeps)) {
      sessions.api().actions().add(draft);
      pass(
          program,
          "test/client.test.mjs",
          "port=" + mortal.httpPort(),
          "sessions=" + sessions.httpPort(),
          "users=" + users.httpPort(),
          "busy=" + busy.httpPort(),
          "control=" + mortal.controlPort());
    }
  }

  @Test
  void the_hooks_show_a_room_in_react() throws Exception {
    NodeProgram program = NodeProgram.install(SOURCES);
    try (EarshotServer server = Kind.LEAN_FRAMES.start(Config.defaults());
        EarshotServer users = Kind.LEAN_FRAMES.start(LOGINS.with("users.required", true))) {
      pass(
          program, "test/react.test.mjs", "port=" + server.httpPort(), "users=" + users.httpPort());
    }
  }

  @Test
  void the_package_is_small_typed_and_fit_for_bundlers() throws Exception {
    NodeProgram program = NodeProgram.install(SOURCES);
    try (EarshotServer server = Kind.LEAN_FRAMES.start(Config.defaults())) {
      pass(
          program,
          "test/package.test.mjs",
          "port=" + server.httpPort(),
          "root=" + SOURCES.resolveSibling(".").toRealPath());
    }
  }
}
