package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.spi.Visitor;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A server of two manual loops, one member, and HTTP requests to read or post. */
abstract class RoomReaderTestCase {
  static final String ROOM = "defaultRoom";
  static final String POSTER = "9".repeat(40);

  TestServer server = new TestServer(2, config());
  Guest speaker = server.guest();

  static Config config() {
    return TestServer.quiet()
        .with("rooms.historyMessages", 5)
        .with("rooms.historyAge", "60s")
        .with("rooms.rules", "none.* historyMessages=0");
  }

  void restart(Config config) {
    server = new TestServer(2, config);
    speaker = server.guest();
  }

  void say(int from, int to) {
    IntStream.rangeClosed(from, to).forEach(i -> speaker.ask("say " + i));
  }

  Excerpt read(String room, @Nullable Cursor after, int limit) {
    return settled(
        server.earshot.http().read(new ExcerptRequest(room, Start.after(after), limit), 0));
  }

  CompletableFuture<Excerpt> poll(String room, @Nullable Cursor after) {
    CompletableFuture<Excerpt> poll =
        server.earshot.http().read(new ExcerptRequest(room, Start.after(after), 100), 10_000);
    server.settle();
    return poll;
  }

  <T> T settled(CompletableFuture<T> future) {
    server.settle();
    assertThat(future).isDone();
    return future.join();
  }

  Cursor post(String room, String text, String namer, @Nullable Json messageId) {
    return settled(
        server
            .earshot
            .http()
            .say(
                new Visitor(POSTER, "defaultRoom", new InetSocketAddress(0)),
                room,
                null,
                Json.of(text),
                null,
                namer,
                messageId));
  }

  Cursor post(String room, String text) {
    return post(room, text, POSTER, null);
  }

  static List<String> texts(Excerpt excerpt) {
    return TestServer.texts(
        excerpt.messages().stream().map(json -> new String(json, StandardCharsets.UTF_8)).toList());
  }

  @Nullable Room room(String name) {
    return EngineInside.rooms(server.earshot).shard(name).roomIfAny(name);
  }

  Cursor end(String room) {
    Cursor end = read(room, null, 1).next();
    assertThat(end).isNotNull();
    return end;
  }
}
