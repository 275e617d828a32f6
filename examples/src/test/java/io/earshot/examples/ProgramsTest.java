package io.earshot.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.client.EarshotClient;
import io.earshot.client.Event;
import io.earshot.client.Room;
import io.earshot.netty.EarshotServer;
import io.earshot.protocol.Json;
import io.earshot.token.TokenKeys;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs and scripts in the folder examples, run as its README says. */
final class ProgramsTest {
  private static final Pattern PORT = Pattern.compile("http://localhost:(\\d+)");

  private static EarshotServer server() throws IOException {
    return EarshotServer.start(
        Config.defaults().with("tcpServer.port", 0).with("httpServer.port", 0));
  }

  private static Launched run(String name, String... args) throws IOException {
    var command = new ArrayList<>(List.of("sh", "examples/run", name));
    command.addAll(Arrays.asList(args));
    return new Launched(command.toArray(String[]::new));
  }

  private static void needs(String tool) {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool))),
        "needs " + tool);
  }

  @Test
  void the_echo_bot_answers_only_the_sender() throws Exception {
    try (EarshotServer server = server();
        Launched bot = run("EchoBot", "ws://localhost:" + server.httpPort(), "cave")) {
      bot.line("listening in cave");
      try (var ada = EarshotClient.connect(URI.create("tcp://localhost:" + server.tcpPort()));
          var bob = EarshotClient.connect(URI.create("ws://localhost:" + server.httpPort()))) {
        Room cave = ada.join("cave");
        BlockingQueue<String> adas = heard(cave);
        BlockingQueue<String> bobs = heard(bob.join("cave"));
        cave.say("hello");
        assertThat(adas.poll(20, TimeUnit.SECONDS)).isEqualTo("echo: hello");
        cave.say("echo: echo"); // which the bot does not answer
        cave.say("more");
        assertThat(adas.poll(20, TimeUnit.SECONDS)).isEqualTo("echo: more");
        assertThat(bobs.poll(20, TimeUnit.SECONDS)).isEqualTo("hello");
        assertThat(bobs.poll(20, TimeUnit.SECONDS)).isEqualTo("echo: echo");
        assertThat(bobs.poll(20, TimeUnit.SECONDS)).isEqualTo("more");
      }
    }
  }

  private static BlockingQueue<String> heard(Room room) {
    var heard = new LinkedBlockingQueue<String>();
    room.onMessage(message -> heard.add(message.text()));
    return heard;
  }

  @Test
  void the_quickstart_of_the_documentation_runs() throws Exception {
    try (EarshotServer server = server();
        Launched program = run("Quickstart", "ws://localhost:" + server.httpPort())) {
      assertThat(program.end())
          .anyMatch(line -> line.matches("told at \\d+, 1 here"))
          .anyMatch(line -> line.startsWith("a number: 0."));
    }
  }

  @Test
  void a_program_with_an_inbox_receives_what_came_while_it_did_not_run(@TempDir Path folder)
      throws Exception {
    String key = "k1 HS256 0123456789abcdef0123456789abcdef";
    long end = System.currentTimeMillis() / 1000 + 3600;
    String token = new TokenKeys(List.of(key), "").sign(Map.of("sub", "ada", "exp", end));
    Config config = Config.defaults().with("tokens.keys", key);
    try (EarshotServer server =
        EarshotServer.start(config.with("tcpServer.port", 0).with("httpServer.port", 0))) {
      String url = "ws://localhost:" + server.httpPort();
      String file = folder.resolve("position.txt").toString();
      try (Launched program = run("Inbox", url, token, file)) {
        program.line("logged in as ada");
        tell(server, "one");
        program.line("one");
        tell(server, "two");
        program.line("two");
        tell(server, "three");
        program.line("three"); // so two is processed
      }
      tell(server, "four");
      try (Launched program = run("Inbox", url, token, file)) {
        program.line("nothing is missing");
        program.line("four");
      }
    }
  }

  @Test
  void what_clients_of_other_libraries_do_works_as_the_pages_about_moving_say() throws Exception {
    needs("node");
    Config config = Config.defaults().with("tcpServer.port", 0).with("httpServer.port", 0);
    try (EarshotServer server = EmbeddedActions.start(config);
        var other = EarshotClient.connect(URI.create("tcp://localhost:" + server.tcpPort()))) {
      Room orders = other.join("orders");
      var heard = new LinkedBlockingQueue<String>();
      orders.onEvent(
          event -> {
            switch (event) {
              case Event.Message message -> heard.add(message.text());
              case Event.Signal signal -> heard.add("signal " + signal.kind());
              default -> {}
            }
          });
      String url = "http://localhost:" + server.httpPort();
      try (Launched program =
          new Launched("node", "--experimental-websocket", "examples/orders.mjs", url)) {
        program.line("placed at ");
        program.line("Hello, Ada");
        assertThat(heard.poll(20, TimeUnit.SECONDS)).contains("placed");
        assertThat(heard.poll(20, TimeUnit.SECONDS)).isEqualTo("signal typing");
        orders.say(Map.of("event", "shipped", "data", Map.of("id", 7)));
        program.line("shipped 7");
      }
    }
  }

  private static void tell(EarshotServer server, String message) {
    server
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn("@ada", Json.of("shop"), null), message)
        .toCompletableFuture()
        .join();
  }

  @Test
  void users_with_the_password_chat_in_the_private_room_and_others_are_refused() throws Exception {
    try (Launched server =
        Launched.script("exec ./earshot --tcp 0 --http 0 --actions examples/private")) {
      String url = "ws://localhost:" + port(server);
      try (Launched ada = run("PrivateTalk", url, "ada", "swordfish")) {
        ada.line("in, with 1 here");
        try (Launched bob = run("PrivateTalk", url, "bob", "swordfish");
            Launched eve = run("PrivateTalk", url, "eve", "password")) {
          bob.line("in, with 2 here");
          bob.type("between us");
          assertThat(ada.line("between us")).matches("[0-9a-f]{32}: between us");
          assertThat(eve.end()).anyMatch(line -> line.startsWith("refused: "));
        }
      }
    }
  }

  @Test
  void curl_alone_receives_sends_and_polls_with_cursors() throws Exception {
    needs("curl");
    try (EarshotServer server = server();
        Launched poll = chat(server, "poll", "attic");
        Launched hear = chat(server, "hear", "attic")) {
      hear.line("\"welcome\":");
      try (Launched say = chat(server, "say", "attic", "one & two")) {
        assertThat(say.end()).anyMatch(line -> line.contains("\"offset\":"));
      }
      assertThat(hear.line("one & two")).startsWith("data: ");
      assertThat(poll.line("one & two")).contains("\"messages\":[");
      try (Launched say = chat(server, "say", "attic", "three")) {
        assertThat(say.end()).anyMatch(line -> line.contains("\"offset\":"));
      }
      // The next message: those before it are not delivered again.
      assertThat(poll.line("three")).doesNotContain("one & two");
      hear.line("three");
      try (Launched say = chat(server, "say", "attic", "four")) {
        assertThat(say.end()).anyMatch(line -> line.contains("\"offset\":"));
      }
      assertThat(poll.line("four")).doesNotContain("three");
    }
  }

  private static Launched chat(EarshotServer server, String... args) throws IOException {
    String url = "EARSHOT_URL=http://localhost:" + server.httpPort();
    var command = new ArrayList<>(List.of("env", url));
    command.add("examples/chat.sh");
    command.addAll(Arrays.asList(args));
    return new Launched(command.toArray(String[]::new));
  }

  @Test
  void the_dashboard_shows_the_publishers_messages_and_refuses_other_publishers() throws Exception {
    needs("curl");
    needs("node");
    int port = freePort();
    String script =
        Launched.file("examples/dashboard.sh")
            .replace("--http 8080", "--tcp 0 --http " + port)
            .replace("localhost:8080", "localhost:" + port);
    try (Launched publisher = Launched.script(script)) {
      assertThat(port(publisher)).isEqualTo(port);
      String url = "http://localhost:" + port;
      try (var page =
          new Launched("node", "--experimental-websocket", "examples/src/test/page.mjs", url)) {
        page.line("state: open");
        assertThat(page.line("shown: ")).matches("shown: \\S+ \\d+\\.\\d\\d, a line of 1 points");
        page.line("a line of 2 points");
      }
      try (var anonymous =
          new Launched("curl", "-sS", "-d", "message=lies", url + "/rooms/metrics.load/messages")) {
        assertThat(anonymous.end()).anyMatch(line -> line.contains("\"status\":403"));
      }
    }
  }

  private static int port(Launched server) throws InterruptedException {
    Matcher port = PORT.matcher(server.line("http://localhost:"));
    if (!port.find()) {
      throw new AssertionError("no port");
    }
    return Integer.parseInt(port.group(1));
  }

  private static int freePort() throws IOException {
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }
}
