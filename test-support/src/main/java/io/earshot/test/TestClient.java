package io.earshot.test;

import io.earshot.client.ClientBuilder;
import io.earshot.client.EarshotClient;
import io.earshot.client.Event;
import io.earshot.client.Room;
import io.earshot.client.State;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A client of a server under test. It remembers all that it hears.
 *
 * <p>Thread-safe, as the client that it is made of.
 */
public final class TestClient implements AutoCloseable {
  /** How soon a client that was cut off connects again, and how long it waits at most. */
  private static final Duration SOON = Duration.ofMillis(5);

  private static final Duration LATER = Duration.ofMillis(100);

  private final EarshotClient client;
  private final Map<String, Room> rooms = new ConcurrentHashMap<>();
  private final Map<String, Heard> heard = new ConcurrentHashMap<>();
  private final Heard inbox;

  private TestClient(EarshotClient client, Heard inbox) {
    this.client = client;
    this.inbox = inbox;
    Room home = client.home();
    Heard heard = heard(home.name());
    home.onEvent(event -> heard.on(event, home::cursor));
    entered(home, heard);
  }

  static TestClient connect(ClientBuilder builder) {
    var inbox = new Heard();
    EarshotClient client =
        builder.backoff(SOON, LATER).inbox(null, event -> inbox.on(event, () -> null)).connect();
    return new TestClient(client, inbox);
  }

  private Heard heard(String room) {
    return heard.computeIfAbsent(room, name -> new Heard());
  }

  private void entered(Room room, Heard heard) {
    heard.hasId(client.id());
    heard.startsAt(room.cursor());
    rooms.put(room.name(), room);
  }

  /**
   * The client itself, for whatever this class does not have.
   *
   * @return the client
   */
  public EarshotClient client() {
    return client;
  }

  /**
   * The client's id, which others see in {@code from}.
   *
   * @return the current id
   */
  public String id() {
    return client.id();
  }

  /**
   * The user that the client has logged in as.
   *
   * @return the user; null without a login
   */
  public @Nullable User user() {
    return client.user();
  }

  /**
   * Joins a room. A client that is in the room already stays there.
   *
   * @param room the room's name
   * @return this
   * @throws io.earshot.client.EarshotException if the server refuses
   */
  public TestClient join(String room) {
    if (!rooms.containsKey(room)) {
      Heard heard = heard(room);
      Room joined = client.join(room, Start.LIVE, event -> heard.on(event, () -> position(room)));
      entered(joined, heard);
    }
    return this;
  }

  private @Nullable Cursor position(String room) {
    Room joined = rooms.get(room);
    return joined == null ? null : joined.cursor();
  }

  /**
   * Says a message, and waits until the server has accepted it. After a {@link
   * EarshotTestServer#cutAll} it waits until the client is connected again.
   *
   * @param room the room's name, of a room that the client is in
   * @param message the message, a text or another value that JSON has
   * @return the position of the message
   * @throws io.earshot.client.EarshotException if the server refuses, or does not answer in time
   */
  public Cursor say(String room, Object message) {
    Room joined = rooms.get(room);
    if (joined == null) {
      throw new IllegalStateException("this client is not in " + room + ": call join first");
    }
    Cursor place = joined.say(message);
    heard(room).said(place);
    return place;
  }

  /**
   * Runs an action of the server.
   *
   * @param name its name
   * @param params its parameters
   * @return the fields of the answer, as texts or as JSON
   * @throws io.earshot.client.EarshotException if the action fails
   */
  public Map<String, io.earshot.protocol.Json> action(String name, Map<String, ?> params) {
    return client.action(name, params);
  }

  /**
   * What the client has heard in a room up to now: messages of others.
   *
   * @param room the room's name
   * @return the messages as texts, in order
   */
  public List<String> heardIn(String room) {
    return heard(room).messages().stream().map(Event.Message::text).toList();
  }

  /**
   * Waits for a message in a room, which may have come before.
   *
   * @param room the room's name
   * @param text the message as text
   * @return the message
   * @throws AssertionError if it does not come within 10 s
   */
  public Event.Message await(String room, String text) {
    return await(heard(room), "in " + room, text);
  }

  /**
   * Waits for a message in the inbox of the client's user, which may have come before.
   *
   * @param text the message as text
   * @return the message
   * @throws AssertionError if it does not come within 10 s
   */
  public Event.Message awaitInbox(String text) {
    return await(inbox, "in the inbox", text);
  }

  private static Event.Message await(Heard heard, String where, String text) {
    Event.Message message = heard.await(each -> each.text().equals(text));
    if (message == null) {
      throw new AssertionError(
          "no message '"
              + text
              + "' came "
              + where
              + " within "
              + Heard.PATIENCE.toSeconds()
              + " s; there came "
              + heard.messages().stream().map(Event.Message::text).toList());
    }
    return message;
  }

  boolean isOpen() {
    return client.state() == State.OPEN;
  }

  boolean isClosed() {
    return client.state() == State.CLOSED;
  }

  Map<String, Heard> all() {
    heard.values().forEach(each -> each.hasId(client.id()));
    return heard;
  }

  @Override
  public void close() {
    client.close();
  }
}
