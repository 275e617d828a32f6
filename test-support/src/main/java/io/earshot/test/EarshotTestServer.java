package io.earshot.test;

import io.earshot.Api;
import io.earshot.client.ClientBuilder;
import io.earshot.client.EarshotClient;
import io.earshot.netty.EarshotServer;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A server in this process for a test, with its clients. Clients reach it through ports that stay
 * the same when the server is restarted, and whose connections can be cut.
 *
 * <pre>{@code
 * try (var server = EarshotTestServer.start()) {
 *   TestClient ada = server.client("ada");
 *   server.restart();
 *   ada.say("defaultRoom", "back again");
 *   server.assertNoGap();
 * }
 * }</pre>
 *
 * <p>Owned by the test's thread. Its clients are thread-safe.
 */
public final class EarshotTestServer implements AutoCloseable {
  /** How long the test's thread rests before it looks again whether clients are back. */
  private static final long REST_NANOS = 1_000_000;

  private final HostedServer host;
  private final Link tcp;
  private final Link http;
  private final List<TestClient> clients = new CopyOnWriteArrayList<>();
  private final Map<String, RoomHistory> histories = new TreeMap<>();

  private EarshotTestServer(HostedServer host) {
    this.host = host;
    this.tcp = new Link(host.server().tcpPort());
    this.http = new Link(host.server().httpPort());
  }

  static EarshotTestServer of(HostedServer host) {
    return new EarshotTestServer(host);
  }

  /**
   * Starts a server on free ports of the loopback. It accepts the logins of {@link
   * #client(String)}, remembers 10,000 messages of each room, and tells clients to reconnect at
   * once when it stops.
   *
   * @param settings settings other than these and the defaults, each as {@code PATH=VALUE}
   * @return the server; the test closes it
   * @throws IllegalArgumentException if a setting does not exist, or its value does not fit
   */
  public static EarshotTestServer start(String... settings) {
    return start(api -> {}, settings);
  }

  /**
   * Starts a server with actions and hooks of the test.
   *
   * @param ready called before the ports open, at the start and at each {@link #restart}
   * @param settings as for {@link #start(String...)}
   * @return the server; the test closes it
   * @throws IllegalArgumentException if a setting does not exist, or its value does not fit
   */
  public static EarshotTestServer start(Consumer<Api> ready, String... settings) {
    return new EarshotTestServer(OwnServer.start(List.of(settings), ready));
  }

  /**
   * The server that runs now.
   *
   * @return the server; another one after {@link #restart}
   */
  public EarshotServer server() {
    return host.server();
  }

  /**
   * The API of the server that runs now.
   *
   * @return the API
   */
  public Api api() {
    return server().api();
  }

  /**
   * Where TCP clients connect.
   *
   * @return {@code tcp://localhost:PORT}, the same after a restart
   */
  public URI tcp() {
    return URI.create("tcp://localhost:" + tcp.port());
  }

  /**
   * Where WebSocket clients connect.
   *
   * @return {@code ws://localhost:PORT}, the same after a restart
   */
  public URI webSocket() {
    return URI.create("ws://localhost:" + http.port());
  }

  /**
   * Where HTTP clients connect.
   *
   * @return {@code http://localhost:PORT}, the same after a restart
   */
  public URI http() {
    return URI.create("http://localhost:" + http.port());
  }

  /**
   * Connects a client over WebSocket.
   *
   * @return the client, which is in the default room; it is closed with this server
   */
  public TestClient client() {
    return client(builder -> {});
  }

  /**
   * Connects a client over WebSocket that logs in as a user.
   *
   * @param user the user's id
   * @return the client
   */
  public TestClient client(String user) {
    return client(builder -> builder.login(host.token(user)));
  }

  /**
   * Connects a client over WebSocket, with settings such as a header or a login.
   *
   * @param settings changes the settings of the client
   * @return the client
   */
  public TestClient client(Consumer<ClientBuilder> settings) {
    return client(webSocket(), settings);
  }

  /**
   * Connects a client.
   *
   * @param uri {@link #webSocket} or {@link #tcp}
   * @param settings changes the settings of the client
   * @return the client
   */
  public TestClient client(URI uri, Consumer<ClientBuilder> settings) {
    ClientBuilder builder = EarshotClient.builder(uri);
    settings.accept(builder);
    TestClient client = TestClient.connect(builder);
    clients.add(client);
    return client;
  }

  /**
   * Cuts every connection through the ports of this object, as a network does that fails: both ends
   * see a reset, and no close frame. Clients can connect again at once. Does not wait for that.
   */
  public void cutAll() {
    tcp.cut();
    http.cut();
  }

  /**
   * Stops the server, and starts it again with the same settings. Messages that are only in memory
   * are lost, as after each restart. Waits until the clients of this object are back.
   *
   * @throws AssertionError if a client is not back within 10 s
   */
  public void restart() {
    readHistories();
    host.restart();
    tcp.redirect(server().tcpPort());
    http.redirect(server().httpPort());
    tcp.cut(); // what hung on a port of the stopped server
    http.cut();
    awaitClients();
  }

  private void awaitClients() {
    long end = System.nanoTime() + Heard.PATIENCE.toNanos();
    for (TestClient client : clients) {
      while (!client.isOpen() && !client.isClosed()) {
        if (System.nanoTime() - end > 0) {
          throw new AssertionError("a client is not back: its state is " + client.client().state());
        }
        LockSupport.parkNanos(REST_NANOS);
      }
    }
  }

  /**
   * Asserts of each client of this object that in each room it has heard every message that the
   * server remembers, from the client's join on, once and in order, or was told that messages are
   * missing. Waits for messages that are on their way. Own messages of a client, and those that
   * were not for all, do not count.
   *
   * @throws AssertionError if a message is missing after 10 s, or came twice or out of order; the
   *     message names the client, the room and the position
   */
  public void assertNoGap() {
    readHistories();
    for (TestClient client : clients) {
      if (client.isClosed()) {
        continue;
      }
      client
          .all()
          .forEach(
              (room, heard) -> {
                RoomHistory history = histories.get(room);
                String wrong = history == null ? null : heard.check(history.all());
                if (wrong != null) {
                  throw new AssertionError("client " + client.id() + " in " + room + " " + wrong);
                }
              });
    }
  }

  private void readHistories() {
    for (TestClient client : clients) {
      client.all().keySet().forEach(room -> histories.computeIfAbsent(room, RoomHistory::new));
    }
    histories.values().forEach(history -> history.read(api()));
  }

  /** Closes the clients and the server; a server that the test has not started goes on. */
  @Override
  public void close() {
    clients.forEach(TestClient::close);
    tcp.close();
    http.close();
    host.close();
  }
}
