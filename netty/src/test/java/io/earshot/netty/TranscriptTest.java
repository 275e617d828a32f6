package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.protocol.Cursor;
import io.earshot.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Replays the transcripts of the documentation. {@code ->} is what a client sends, {@code <-} what
 * it gets next. {@code <alice>} stands for the id of alice, {@code <time>} for milliseconds, {@code
 * <epoch>} and {@code <n>} for a cursor. In what is sent, {@code <epoch>} is replaced by the last
 * epoch that was received, and {@code <measure>} by the last id of a ban or mute.
 */
class TranscriptTest {

  /** The admin key of the client called admin. */
  static final String KEY = "a key that is long enough for this".replace(' ', '-');

  private static final Pattern MEASURE = Pattern.compile("\"id\":\"([0-9a-f]{32})\",\"kind\"");
  private static final Pattern EPOCH = Pattern.compile("\"epoch\":\"([a-z0-9]+)\"");

  private static final Pattern WELCOME = Pattern.compile("\"welcome\".*\"room\":\"(\\w+)\"");
  private static final Pattern OFFSET = Pattern.compile("\"offset\":(\\d+)");

  /** The column of the arrows. */
  private static final int ARROW = 6;

  static Stream<Arguments> transcripts() throws IOException {
    try (Stream<Path> files =
        Files.list(Path.of(System.getProperty("earshot.root", "..")).resolve("docs/transcripts"))) {
      return files
          .sorted()
          .flatMap(
              file ->
                  Arrays.stream(Kind.values())
                      // Only TCP has the line vocabulary.
                      .filter(kind -> kind.isLines() || file.endsWith("json.txt"))
                      .filter(
                          kind ->
                              kind.isPlain()
                                  || !List.of("http.txt", "urls.txt", "admin.txt", "publish.txt")
                                      .contains(file.getFileName().toString()))
                      .map(kind -> Arguments.of(file.getFileName(), kind, file)))
          .toList()
          .stream();
    }
  }

  @ParameterizedTest(name = "{0} over {1}")
  @MethodSource("transcripts")
  void each_transcript_of_the_documentation_replays_as_shown(Path name, Kind kind, Path file)
      throws IOException {
    Map<String, Client> clients = new LinkedHashMap<>();
    Map<String, String> ids = new HashMap<>();
    String epoch = "";
    String measure = "";
    String asked = "";
    Config config =
        Config.defaults()
            .with("commonWeb.httpClientMessageTTL", "30s")
            .with("admin.keys", List.of("back-end " + KEY));
    try (Servers servers = start(kind, config)) {
      for (String line : Files.readAllLines(file)) {
        String who = line.substring(0, ARROW).strip();
        boolean sends = line.startsWith("-> ", ARROW);
        String what = line.substring(ARROW + 3);
        Client client = clients.get(who);
        if (client == null) {
          client = open(who, kind, servers.of(clients.size()));
          clients.put(who, client);
        }
        if (sends) {
          asked = resolve(what, ids).replace("<epoch>", epoch).replace("<measure>", measure);
          client.send(asked);
        } else {
          String next = client.next();
          if (isEmptyQueue(next) && !isEmptyQueue(what)) {
            next = awaitMessage(client, asked);
          }
          Matcher place = EPOCH.matcher(String.valueOf(next));
          epoch = place.find() ? place.group(1) : epoch;
          Matcher decided = MEASURE.matcher(String.valueOf(next));
          measure = decided.find() ? decided.group(1) : measure;
          if (!ids.containsKey(who)) {
            newId(servers, ids).ifPresent(id -> ids.put(who, id));
          }
          assertThat(next).as("%s in %s", who, name).matches(pattern(resolve(what, ids)));
          Matcher welcome = WELCOME.matcher(what);
          if (welcome.find()) {
            servers.awaitAnnounced(welcome.group(1), String.valueOf(next));
          }
        }
      }
      clients.forEach(
          (who, client) -> {
            if (client instanceof HttpClient || client instanceof StreamClient) {
              return; // what it would get is what it asks for
            }
            client.send("{\"event\":\"roomView\",\"messageId\":\"last\"}");
            String next = client.next();
            assertThat(next == null || next.contains("last"))
                .as("%s got more: %s", who, next)
                .isTrue();
          });
      clients.values().forEach(Client::close);
    }
  }

  private static boolean isEmptyQueue(@Nullable String answer) {
    return answer != null && answer.startsWith("{\"message\":null,");
  }

  /** Asks again, as people do: a message from another server is in the queue a moment later. */
  private static @Nullable String awaitMessage(Client client, String request) {
    var answer = new AtomicReference<@Nullable String>();
    Await.until(
        "a message in the queue",
        () -> {
          client.send(request);
          answer.set(client.next());
          return !isEmptyQueue(answer.get());
        });
    return answer.get();
  }

  private static Client open(String who, Kind kind, EarshotServer server) {
    return switch (who) {
      case "web" -> new HttpClient(server.httpPort(), true);
      case "admin" -> new HttpClient(server.httpPort(), false, "Authorization: Bearer " + KEY);
      case "curl" -> new StreamClient(server.httpPort(), null);
      default -> kind.open(server);
    };
  }

  /**
   * The servers that the clients of a transcript connect to, in turn.
   *
   * @param all one, or the servers of a cluster
   */
  record Servers(List<EarshotServer> all) implements AutoCloseable {
    private EarshotServer of(int client) {
      return all.get(client % all.size());
    }

    /** Waits, as people do before they go on, until a client that was welcomed is announced. */
    private void awaitAnnounced(String room, String welcome) {
      Matcher before = OFFSET.matcher(welcome);
      assertThat(before.find()).isTrue();
      long offset = Long.parseLong(before.group(1));
      ChatRoom rooms = all.getFirst().api().chatRoom();
      Await.until(
          "the client is announced",
          () -> {
            Cursor end = rooms.socketRoomStatus(room).toCompletableFuture().join().cursor();
            return end != null && end.offset() > offset;
          });
    }

    @Override
    public void close() {
      all.forEach(EarshotServer::close);
    }
  }

  Servers start(Kind kind, Config config) {
    return new Servers(List.of(kind.startAsIs(config)));
  }

  private static Optional<String> newId(Servers servers, Map<String, String> known) {
    return servers.all.stream()
        .flatMap(server -> server.api().connections().stream())
        .map(Connection::id)
        .filter(id -> !known.containsValue(id))
        .findAny();
  }

  private static String resolve(String text, Map<String, String> ids) {
    String resolved = text;
    for (Map.Entry<String, String> id : ids.entrySet()) {
      resolved = resolved.replace("<" + id.getKey() + ">", id.getValue());
    }
    return resolved;
  }

  private static Pattern pattern(String expected) {
    String quoted =
        Pattern.quote(expected)
            .replace("<time>", "\\E\\d{13}\\Q")
            .replace("<measure>", "\\E\\p{XDigit}{32}\\Q")
            .replace("<date>", "\\E[-0-9]{10}T[0-9:.]+Z\\Q")
            .replace("<ms>", "\\E\\d+\\Q")
            .replace("<web>", "\\E\\p{XDigit}{40}\\Q") // one who is in no room
            .replace("<n>", "\\E\\d+\\Q")
            .replace("<epoch>", "\\E[a-z0-9]+\\Q");
    return Pattern.compile(quoted);
  }
}
