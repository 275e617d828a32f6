package io.earshot.server;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What servers do most: small rooms talk, clients connect and join, leave and come back, and HTTP
 * clients post and read.
 *
 * <p>Owned by the thread that trains.
 */
final class TrainingLoad {
  private static final int CLIENTS = 20;
  private static final int OF_A_LARGE_ROOM = 10;
  private static final String TEXT = " and some more words, as long as a usual message of a chat";

  /** Connects a client to the port of WebSockets and HTTP. */
  interface Port {
    TrainingClient connect() throws IOException;
  }

  private final Port port;

  /** All messages have other texts, and so have an end that their readers can wait for. */
  private int said;

  TrainingLoad(Port port) {
    this.port = port;
  }

  /** Clients connect, join rooms of two, talk and disconnect, again and again. */
  void connects(Duration time) throws IOException {
    for (long end = System.nanoTime() + time.toNanos(); System.nanoTime() < end; ) {
      List<TrainingClient> clients = connected("pair", 2);
      for (int i = 0; i < clients.size(); i += 2) {
        say(clients.get(i), clients.subList(i + 1, i + 2));
      }
      close(clients);
    }
  }

  /** Rooms of two and a room of ten talk: some of their members are quick, none is slow. */
  void rooms(Duration time) throws IOException {
    List<TrainingClient> pairs = connected("duo", 2);
    List<TrainingClient> many = connected("ten", OF_A_LARGE_ROOM);
    for (long end = System.nanoTime() + time.toNanos(); System.nanoTime() < end; ) {
      for (int i = 0; i < pairs.size(); i += 2) {
        say(pairs.get(i), pairs.subList(i + 1, i + 2));
      }
      say(many.getFirst(), many.subList(1, OF_A_LARGE_ROOM));
    }
    close(pairs);
    close(many);
  }

  /** A client posts to a room, reads its history and its members, and follows it as a stream. */
  void http(Duration time) throws IOException {
    try (TrainingClient stream = port.connect();
        TrainingClient web = port.connect()) {
      stream.send(
          "GET /rooms/web HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
      stream.await("welcome");
      for (long end = System.nanoTime() + time.toNanos(); System.nanoTime() < end; ) {
        String body = "{\"message\":\"" + next() + "\"}";
        web.send(
            "POST /rooms/web/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                + body.length()
                + "\r\nContent-Type: application/json\r\n\r\n"
                + body);
        web.await("\"offset\":");
        stream.await("\"sentAt\":");
        get(web, "/rooms/web/messages?limit=2");
        get(web, "/rooms/web");
        scrape(web);
      }
    }
  }

  private static void get(TrainingClient web, String path) throws IOException {
    web.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    web.await("200 OK");
    web.await("\"epoch\":");
  }

  /** Reads the metrics, as a Prometheus on this machine does. */
  private static void scrape(TrainingClient web) throws IOException {
    web.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    web.await("200 OK");
    web.await("\nsystem_load_average_1m ");
  }

  private List<TrainingClient> connected(String room, int size) throws IOException {
    var clients = new ArrayList<TrainingClient>();
    for (int i = 0; i < CLIENTS; i++) {
      TrainingClient client = port.connect();
      clients.add(client);
      client.upgrade();
      client.sendFrame("{\"event\":\"roomChange\",\"room\":\"" + room + i / size + "\"}");
    }
    for (TrainingClient client : clients) {
      client.await("\"status\":\"OK\"");
    }
    return clients;
  }

  private void say(TrainingClient speaker, List<TrainingClient> listeners) throws IOException {
    String text = next();
    speaker.sendFrame("{\"event\":\"say\",\"message\":\"" + text + "\"}");
    for (TrainingClient listener : listeners) {
      listener.await(text);
    }
    speaker.await("\"status\":\"OK\"");
  }

  private String next() {
    said++;
    return said + TEXT;
  }

  private static void close(List<TrainingClient> clients) throws IOException {
    for (TrainingClient client : clients) {
      client.close();
    }
  }
}
