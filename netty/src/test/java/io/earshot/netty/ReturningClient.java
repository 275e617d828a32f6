package io.earshot.netty;

import static io.earshot.netty.ReconnectsTest.DEN;
import static io.earshot.netty.ReconnectsTest.LIFE;
import static io.earshot.netty.ReconnectsTest.bearer;
import static io.earshot.netty.ReconnectsTest.cursor;
import static io.earshot.netty.ReconnectsTest.parsed;
import static io.earshot.netty.ReconnectsTest.text;
import static io.earshot.netty.ReconnectsTest.token;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

abstract class ReturningClient {
  /** How early a token is renewed, in milliseconds. */
  private static final int EARLY = 4_000;

  final ReconnectsTest test;
  final String user;

  /** The cursor and the number of the last message, by room; without the cursor before any. */
  final Map<String, Heard> rooms = new LinkedHashMap<>();

  boolean isHere;

  /** When its token ends, in milliseconds by the clock of this machine. */
  long until;

  /** Before that it does not come back, so that its session has outlived its login. */
  private long awayUntil;

  ReturningClient(ReconnectsTest test, String user) {
    this.test = test;
    this.user = user;
    for (String room : List.of(DEN, user + ".1", "@" + user)) {
      rooms.put(room, new Heard());
    }
  }

  /** A token for a new connection; few of them end soon, after which the client is cut off. */
  final String newToken() {
    if (test.random.nextInt(50) == 0) {
      awayUntil = (System.currentTimeMillis() / 1000 + 2) * 1000 + 50;
      return token(user, 2);
    }
    until = (System.currentTimeMillis() / 1000 + LIFE) * 1000;
    return token(user, LIFE);
  }

  final boolean mayCome() {
    return System.currentTimeMillis() >= awayUntil;
  }

  /** Comes back, and receives all that was said meanwhile. */
  final void come() {
    if (!isHere) {
      test.returnsAfterExpiry += awayUntil > 0 ? 1 : 0;
      awayUntil = 0;
      test.reconnects++;
      isHere = true;
      connect();
    }
    hear();
    if (awayUntil > 0) {
      cut();
    }
  }

  /** Renews the token if it ends soon. */
  final void renew() {
    if (isHere && until - System.currentTimeMillis() < EARLY) {
      renewNow();
    }
  }

  final void heard(Json.Obj message) {
    Heard heard = rooms.get(text(message, "room"));
    if (heard == null) {
      return;
    }
    if (message.get("type") == null) {
      assertThat(text(message, "message"))
          .as("%s %s", this, message)
          .isEqualTo("" + ++heard.number);
    }
    heard.cursor = cursor(message);
  }

  /** The server has answered that the client is in a room, after its cursor. */
  final void entered(Json.Obj answer) {
    String room = text(answer, "room");
    Heard heard = Objects.requireNonNull(rooms.get(room));
    if (heard.cursor.isEmpty()) {
      heard.cursor = cursor(answer);
      heard.number = test.said(room);
    } else {
      assertThat(answer.get("recovered")).as("%s %s", this, answer).isEqualTo(Json.of(true));
    }
  }

  final boolean hasHeardAll() {
    return rooms.entrySet().stream()
        .allMatch(each -> each.getValue().number == test.said(each.getKey()));
  }

  final String after(String room) {
    return Objects.requireNonNull(rooms.get(room)).cursor;
  }

  abstract void connect();

  abstract void hear();

  abstract void cut();

  abstract void renewNow();

  @Override
  public String toString() {
    return getClass().getSimpleName() + " of " + user;
  }

  /** The last message that a client has received in a room. */
  static final class Heard {
    String cursor = "";
    int number;
  }

  /** A client over TCP or WebSocket, which resumes its session or enters its rooms again. */
  static final class Talker extends ReturningClient {
    private final boolean isLines;
    private @Nullable Client client;
    private String session = "";

    Talker(ReconnectsTest test, String user, boolean isLines) {
      super(test, user);
      this.isLines = isLines;
    }

    @Override
    void connect() {
      String inbox = "@" + user;
      String token = newToken();
      int port = isLines ? test.tcpPort() : test.httpPort();
      Json.Obj welcome;
      Json.Obj inboxHeard;
      if (isLines) {
        var line = new TcpClient(port);
        client = line;
        welcome = next("api");
        var login = new LinkedHashMap<String, Object>(Map.of("event", "login", "token", token));
        if (!after(inbox).isEmpty()) {
          login.put("inbox", after(inbox));
        }
        inboxHeard = (Json.Obj) Objects.requireNonNull(ask(login).get("inbox"));
      } else {
        WebSocketClient socket = WebSocketClient.raw(port);
        client = socket;
        boolean inQuery = test.random.nextBoolean();
        String query =
            (after(inbox).isEmpty() ? "?" : "?inbox=" + after(inbox) + "&")
                + (inQuery ? "token=" + token : "");
        socket.text(WebSocketClient.handshake("/" + query, inQuery ? "" : bearer(token) + "\r\n"));
        assertThat(socket.head()).startsWith("HTTP/1.1 101 ");
        welcome = next("api");
        inboxHeard = (Json.Obj) Objects.requireNonNull(welcome.get("inbox"));
      }
      entered(inboxHeard);
      boolean resumes = !session.isEmpty() && test.random.nextBoolean();
      var back = new ArrayList<String>(List.of(inbox));
      if (resumes) {
        resume(back);
      } else {
        session = text(welcome, "session");
      }
      for (String room : rooms.keySet()) {
        if (!back.contains(room)) {
          var add = new LinkedHashMap<String, Object>(Map.of("event", "roomAdd", "room", room));
          if (!after(room).isEmpty()) {
            add.put("after", after(room));
          }
          entered(ask(add));
        }
      }
    }

    private void resume(List<String> back) {
      test.resumes++;
      hearInbox();
      var after = new LinkedHashMap<String, String>();
      rooms.forEach((room, heard) -> after.put(room, heard.cursor));
      var resume = Map.of("event", "resume", "session", session, "after", after);
      Json.Obj answer = ask(resume);
      for (Json each : ((Json.Array) Objects.requireNonNull(answer.get("rooms"))).items()) {
        String room = text((Json.Obj) each, "room");
        if (rooms.containsKey(room)) {
          entered((Json.Obj) each);
          back.add(room);
        }
      }
      session = text(answer, "session");
    }

    /** What the inbox has had meanwhile, so that the session does not begin before it. */
    private void hearInbox() {
      String inbox = "@" + user;
      Heard heard = Objects.requireNonNull(rooms.get(inbox));
      while (heard.number < test.said(inbox)) {
        next("user");
      }
    }

    private Json.Obj ask(Map<String, ?> request) {
      Objects.requireNonNull(client).send(ReconnectsTest.encoded(request));
      Json.Obj answer = next("response");
      assertThat(answer.get("error")).as("%s: %s", this, request).isNull();
      return answer;
    }

    /** The next object with a context. */
    private Json.Obj next(String context) {
      while (true) {
        Json.Obj next = parsed(Objects.requireNonNull(client).next());
        String is = text(next, "context");
        if (is.equals("user")) {
          heard(next);
        } else if (is.equals("token")) {
          assertThat(text(next, "status")).as("%s %s", this, next).isEqualTo("expiring");
        } else {
          assertThat(is).as("%s %s", this, next).isEqualTo(context);
        }
        if (is.equals(context)) {
          return next;
        }
      }
    }

    @Override
    void hear() {
      while (!hasHeardAll()) {
        next("user");
      }
    }

    @Override
    void cut() {
      if (isHere) {
        isHere = false;
        Client now = Objects.requireNonNull(client);
        if (test.random.nextBoolean()) {
          now.reset();
        } else {
          now.close();
        }
      }
    }

    @Override
    void renewNow() {
      until = (System.currentTimeMillis() / 1000 + LIFE) * 1000;
      String event = test.random.nextBoolean() ? "login" : "tokenRefresh";
      ask(Map.of("event", event, "token", token(user, LIFE)));
    }
  }

  /** A client of server-sent events. */
  static final class Watcher extends ReturningClient {
    private @Nullable StreamClient stream;
    private String lastId = "";

    Watcher(ReconnectsTest test, String user) {
      super(test, user);
    }

    @Override
    void connect() {
      String token = newToken();
      boolean inQuery = test.random.nextBoolean();
      boolean byId = !lastId.isEmpty() && test.random.nextBoolean();
      var path = new StringBuilder("/rooms?room=" + DEN + "&room=" + user + ".1");
      if (!after("@" + user).isEmpty()) {
        path.append("&inbox=").append(after("@" + user));
        if (!byId) {
          path.append("&after=" + after(DEN) + "&after=" + after(user + ".1"));
        }
      }
      var headers = new ArrayList<String>(List.of(StreamClient.EVENTS));
      if (inQuery) {
        path.append("&token=").append(token);
      } else {
        headers.add(bearer(token));
      }
      if (byId) {
        headers.add("Last-Event-ID: " + lastId);
      }
      stream = StreamClient.open(test.httpPort(), path.toString(), headers.toArray(String[]::new));
      Json.Obj welcome = next();
      assertThat(text(welcome, "context")).isEqualTo("api");
      entered((Json.Obj) Objects.requireNonNull(welcome.get("inbox")));
      for (int entered = 0; entered < 2; ) {
        Json.Obj notice = next();
        if (notice.get("status") != null && notice.get("offset") != null) {
          entered(notice);
          entered++;
        }
      }
    }

    private Json.Obj next() {
      StreamClient now = Objects.requireNonNull(stream);
      Json.Obj next = parsed(now.next());
      lastId = now.lastId;
      switch (text(next, "context")) {
        case "user" -> heard(next);
        case "gap" -> throw new AssertionError(this + " " + next);
        default -> assertThat(next.get("error")).as("%s %s", this, next).isNull();
      }
      return next;
    }

    @Override
    void hear() {
      while (!hasHeardAll()) {
        next();
      }
    }

    @Override
    void cut() {
      if (isHere) {
        isHere = false;
        Objects.requireNonNull(stream).close();
      }
    }

    @Override
    void renewNow() {
      cut();
      come();
    }
  }

  /** A client that asks for messages by requests of HTTP, each on a new connection. */
  static final class Reader extends ReturningClient {
    Reader(ReconnectsTest test, String user) {
      super(test, user);
    }

    @Override
    void connect() {}

    @Override
    void hear() {
      try (HttpClient http = new HttpClient(test.httpPort(), false)) {
        rooms.keySet().forEach(room -> read(http, room));
      }
      assertThat(hasHeardAll()).as("%s", this).isTrue();
    }

    private void read(HttpClient http, String room) {
      Heard heard = Objects.requireNonNull(rooms.get(room));
      boolean isFirst = heard.cursor.isEmpty(); // then it reads all from the beginning
      String path =
          "/messages?room=" + room + "&limit=1000" + (isFirst ? "" : "&after=" + heard.cursor);
      String token = token(user, LIFE);
      HttpClient.Response response =
          test.random.nextBoolean()
              ? http.get(path + "&token=" + token)
              : http.get(path, bearer(token));
      assertThat(response.status()).as(response.body()).isEqualTo(200);
      Json.Obj answer = parsed(response.body());
      if (!isFirst) {
        assertThat(answer.get("recovered")).isEqualTo(Json.of(true));
      }
      for (Json each : ((Json.Array) Objects.requireNonNull(answer.get("messages"))).items()) {
        heard((Json.Obj) each);
      }
      heard.cursor = cursor(answer);
    }

    @Override
    void cut() {
      isHere = false;
    }

    @Override
    void renewNow() {}
  }
}
