package io.earshot.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.RoomStatus;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a client and its server say to each other, over one line after the other.
 *
 * <p>Guarded by its lock, which nobody holds while they wait or call what is not ours: answers are
 * given, and events told, on virtual threads.
 */
final class Conversation {
  private static final String ENTERED = "I have entered the room";
  private static final String LEFT = "I have left the room";

  /** What was said and not answered; beyond it nothing more is taken in. */
  private static final int MOST_WAITING = 10_000;

  /** How often a sign of life is asked for, in milliseconds. */
  private static final long PING = 25_000;

  /** How long a server may take to say welcome, in milliseconds. */
  private static final long WELCOME = 10_000;

  private static final Pattern TOO_MANY =
      Pattern.compile("Error: too many messages.*try again in (\\d{1,6}) ms");
  private static final Pattern TOO_LONG = Pattern.compile(".*have at most (\\d{1,9}) bytes");
  private static final Executor THREADS = Executors.newVirtualThreadPerTaskExecutor();

  private final URI uri;
  private final Function<String, @Nullable String> tokens;
  private final Backoff backoff;
  private final Duration patience;
  private final ReentrantLock lock = new ReentrantLock();
  private final SubmissionPublisher<State> states = new SubmissionPublisher<>(THREADS, 16);
  private final CompletableFuture<@Nullable Void> opened = new CompletableFuture<>();
  private final Map<String, Place> places = new LinkedHashMap<>();

  /** What programs asked, in that order; kept when the line is lost. */
  private final Map<String, Request> requests = new LinkedHashMap<>();

  /** What is asked of this one line. */
  private final Map<String, CompletableFuture<Json.Obj>> controls = new LinkedHashMap<>();

  /** All ids that this client has had: its own words, told by who it was, are not news. */
  private final Set<String> ids = new HashSet<>();

  private State state = State.CONNECTING;
  private Attempt attempt = new Attempt();
  private int failures;
  private long asked;
  private @Nullable Long comeBackAfter;
  private @Nullable Place home;
  private String id = "";
  private @Nullable String session;

  /** Something that was asked, and who waits for the answer. */
  private static final class Request {
    final Json.Obj json;
    final boolean mayBeRepeated;
    final CompletableFuture<Json.Obj> answer = new CompletableFuture<>();
    boolean isSent;

    Request(Json.Obj json, boolean mayBeRepeated) {
      this.json = json;
      this.mayBeRepeated = mayBeRepeated;
    }
  }

  Conversation(
      URI uri, Function<String, @Nullable String> tokens, Backoff backoff, Duration patience) {
    this.uri = uri;
    this.tokens = tokens;
    this.backoff = backoff;
    this.patience = patience;
  }

  static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw explained(e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EarshotException("interrupted while waiting for an answer", e);
    }
  }

  private static EarshotException explained(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return switch (cause) {
      case EarshotException e -> new EarshotException(String.valueOf(e.getMessage()), e);
      case TimeoutException e -> new EarshotException("no answer in time", e);
      case IllegalArgumentException e -> new EarshotException(String.valueOf(e.getMessage()), e);
      default -> new EarshotException(cause.toString(), cause);
    };
  }

  /** Does something under the lock. */
  private void locked(Runnable task) {
    lock.lock();
    try {
      task.run();
    } finally {
      lock.unlock();
    }
  }

  // --- the line --------------------------------------------------------------------------------

  /** One line, from when it is tried until it is over. Guarded by the conversation's lock. */
  private final class Attempt implements Line.Ear {
    private final List<String> early = new ArrayList<>();
    private @Nullable Line line;

    /** Whether anything came: a server that says nothing is none. */
    private boolean isWelcome;

    void send(String text) {
      if (line == null) {
        early.add(text);
      } else {
        line.send(text);
      }
    }

    @Override
    public void heard(String text) {
      locked(
          () -> {
            if (attempt == this && state != State.CLOSED) {
              isWelcome = true;
              Conversation.this.heard(text);
            }
          });
    }

    @Override
    public void ended(String why) {
      locked(() -> lost(this, why));
    }

    void isOpen(Line open) {
      if (attempt != this || state == State.CLOSED) {
        open.close();
        return;
      }
      line = open;
      early.forEach(open::send);
      early.clear();
      keepAlive(open);
      later(
          WELCOME,
          () -> {
            if (attempt == this && !isWelcome) {
              open.close();
              lost(this, "the server says nothing");
            }
          });
    }

    private void keepAlive(Line open) {
      later(
          PING,
          () -> {
            if (attempt == this && state != State.CLOSED) {
              open.ping();
              keepAlive(open);
            }
          });
    }
  }

  private void later(long millis, Runnable task) {
    CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, THREADS)
        .execute(() -> locked(task));
  }

  CompletionStage<@Nullable Void> open() {
    locked(this::dial);
    return opened;
  }

  private void dial() {
    if (state == State.CLOSED) {
      return;
    }
    var next = new Attempt();
    attempt = next;
    CompletionStage<? extends Line> line;
    try {
      line = Line.open(uri, next);
    } catch (IllegalArgumentException e) {
      state = State.CLOSED;
      opened.completeExceptionally(e);
      return;
    }
    var _ =
        line.whenComplete(
            (open, failure) ->
                locked(
                    () -> {
                      if (failure == null) {
                        next.isOpen(open);
                      } else {
                        lost(next, Line.why(failure));
                      }
                    }));
  }

  private void lost(Attempt ended, String why) {
    if (attempt != ended || state == State.CLOSED) {
      return;
    }
    attempt = new Attempt(); // nobody's, so that nothing is heard or said meanwhile
    var failure = new EarshotException("the connection was lost: " + why);
    List.copyOf(controls.values()).forEach(control -> control.completeExceptionally(failure));
    controls.clear();
    for (Place place : places.values()) {
      place.live = false;
      place.isPutOff = false;
    }
    refuseTooLong(why);
    for (Map.Entry<String, Request> each : List.copyOf(requests.entrySet())) {
      Request request = each.getValue();
      if (request.isSent && !request.mayBeRepeated) {
        requests.remove(each.getKey());
        fail(request.answer, failure);
      }
      request.isSent = false;
    }
    if (!opened.isDone()) {
      state = State.CLOSED;
      fail(opened, new EarshotException("no server at " + uri + ": " + why));
      return;
    }
    become(State.RECONNECTING);
    long wait = comeBackAfter != null ? comeBackAfter : backoff.millis(failures);
    comeBackAfter = null;
    failures++;
    later(wait, this::dial);
  }

  /** What was too long would be so the next time as well. */
  private void refuseTooLong(String why) {
    Matcher most = TOO_LONG.matcher(why);
    if (!most.matches()) {
      return;
    }
    int bytes = Integer.parseInt(most.group(1));
    for (Map.Entry<String, Request> each : List.copyOf(requests.entrySet())) {
      Request request = each.getValue();
      if (request.isSent && request.json.encode().length > bytes) {
        requests.remove(each.getKey());
        fail(request.answer, new EarshotException(why));
      }
    }
  }

  private void become(State next) {
    if (state != next) {
      state = next;
      states.offer(next, (_, _) -> false);
    }
  }

  private static void fail(CompletableFuture<?> waiting, EarshotException failure) {
    THREADS.execute(() -> waiting.completeExceptionally(failure));
  }

  // --- what is heard ---------------------------------------------------------------------------

  private void heard(String text) {
    Json.Obj said;
    try {
      if (!(Json.parseTold(text.getBytes(UTF_8)) instanceof Json.Obj object)) {
        return;
      }
      said = object;
    } catch (MalformedJsonException e) {
      return; // a server that speaks something else; its silence will be noticed
    }
    switch (text(said, "context")) {
      case "api" -> welcomed(said);
      case "response" -> answered(said);
      case "user" -> told(said);
      case "gap" -> {
        Place place = places.get(text(said, "room"));
        if (place != null && place.live) {
          place.tell(new Event.Gap(number(said, "from"), number(said, "to")));
        }
      }
      case "token" -> token(said);
      case "room" -> {
        Place place = places.get(text(said, "room"));
        if (place != null) {
          expelled(place, text(said, "reason"));
        }
      }
      default -> {}
    }
  }

  private void told(Json.Obj said) {
    Place place = places.get(text(said, "room"));
    Cursor at = cursor(said);
    Json message = said.get("message");
    if (place == null || !place.live || at == null || message == null) {
      return;
    }
    Cursor known = place.known;
    if (known != null && known.epoch().equals(at.epoch()) && at.offset() <= known.offset()) {
      return;
    }
    place.known = at;
    String from = text(said, "from");
    if (ids.contains(from)) {
      return;
    }
    if (message.equals(Json.of(ENTERED))) {
      place.tell(new Event.Joined(from));
    } else if (message.equals(Json.of(LEFT))) {
      place.tell(new Event.Left(from));
    } else {
      place.tell(new Event.Message(message, from, number(said, "sentAt"), at));
    }
  }

  private void token(Json.Obj said) {
    Place place = places.get(text(said, "room"));
    if (place == null) {
      return;
    }
    if (text(said, "status").equals("expired")) {
      expelled(place, "the token has expired");
      return;
    }
    tokenFor(
        place,
        token -> {
          if (token != null) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("event", "tokenRefresh");
            fields.put("token", token);
            var _ = control(fields).exceptionally(_ -> null); // it will be said to have expired
          }
        });
  }

  private void expelled(Place place, String why) {
    place.tell(new Event.Expelled(why));
    forget(place);
  }

  private void forget(Place place) {
    place.in = false;
    place.listening = false;
    place.live = false;
    if (!place.isHome) {
      places.remove(place.name);
    }
  }

  private void answered(Json.Obj said) {
    if (!(said.get("messageId") instanceof Json.Text(String name))) {
      if (said.get("reconnectAfter") instanceof Json.Num) {
        comeBackAfter = number(said, "reconnectAfter");
      }
      refuseTooLong(text(said, "error"));
      return;
    }
    CompletableFuture<Json.Obj> control = controls.remove(name);
    Request request = requests.get(name);
    String error = said.get("error") == null ? null : text(said, "error");
    if (control != null) {
      if (error == null) {
        control.complete(said);
      } else {
        control.completeExceptionally(new EarshotException(error));
      }
    } else if (request != null) {
      Matcher tooMany = error == null ? null : TOO_MANY.matcher(error);
      if (tooMany != null && tooMany.matches()) {
        request.isSent = false;
        later(Long.parseLong(tooMany.group(1)), this::flush);
        return;
      }
      requests.remove(name);
      if (error == null) {
        THREADS.execute(() -> request.answer.complete(said));
      } else {
        fail(request.answer, new EarshotException(error));
      }
    }
  }

  // --- coming, and coming back -----------------------------------------------------------------

  private void welcomed(Json.Obj said) {
    String before = session;
    session = said.get("session") == null ? null : text(said, "session");
    String room = text(said, "room");
    if (home == null) {
      home = new Place(room, true, THREADS);
      home.in = true;
      home.live = true;
      home.known = cursor(said);
      places.put(room, home);
      var _ = whoAmI().whenComplete((_, failure) -> after(failure, this::isThere));
    } else if (before != null) {
      resume(before);
    } else {
      enterAgain();
    }
  }

  private void after(@Nullable Throwable failure, Runnable next) {
    if (failure == null) {
      next.run();
    } // else the line is lost, and another will come
  }

  private CompletableFuture<Json.Obj> whoAmI() {
    return control(Map.of("event", "detailsView"))
        .whenComplete(
            (answer, _) -> {
              if (answer != null && answer.get("data") instanceof Json.Obj data) {
                is(text(data, "id"));
              }
            });
  }

  private void is(String now) {
    id = now;
    ids.add(now);
  }

  private void resume(String before) {
    var after = new LinkedHashMap<String, Object>();
    places.forEach(
        (name, place) -> {
          if (place.known != null) {
            after.put(name, place.known.toString());
          }
        });
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "resume");
    fields.put("session", before);
    fields.put("after", after);
    var _ =
        control(fields)
            .whenComplete(
                (answer, _) -> {
                  if (answer != null) {
                    resumed(answer);
                  } else if (isLive()) {
                    enterAgain();
                  }
                });
  }

  /** Whether the line that was asked is still the one. */
  private boolean isLive() {
    return attempt.line != null;
  }

  private void resumed(Json.Obj answer) {
    session = text(answer, "session");
    is(text(answer, "id"));
    if (answer.get("rooms") instanceof Json.Array(List<Json> all)) {
      for (Json each : all) {
        if (each instanceof Json.Obj heard) {
          Place place = places.get(text(heard, "room"));
          if (place != null) {
            hears(place, heard);
          }
        }
      }
    }
    for (Place place : List.copyOf(places.values())) {
      if (!place.live) {
        var _ = enter(place); // asked for while nobody was there
      }
    }
    isThere();
  }

  private void enterAgain() {
    var all = new ArrayList<CompletableFuture<?>>();
    all.add(whoAmI());
    for (Place place : List.copyOf(places.values())) {
      all.add(enter(place));
    }
    Attempt here = attempt;
    var _ =
        CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
            .whenComplete(
                (_, _) ->
                    locked(
                        () -> {
                          if (attempt == here) {
                            isThere();
                          }
                        }));
  }

  private void isThere() {
    failures = 0;
    become(State.OPEN);
    THREADS.execute(() -> opened.complete(null));
    for (Place place : List.copyOf(places.values())) {
      if (!place.live && !place.isPutOff && (place.in || place.listening)) {
        var _ = enter(place);
      }
    }
    flush();
  }

  private void flush() {
    if (state == State.OPEN) {
      requests.values().stream()
          .filter(request -> !request.isSent)
          .forEach(
              request -> {
                request.isSent = true;
                attempt.send(encoded(request.json));
              });
    }
  }

  // --- rooms -----------------------------------------------------------------------------------

  CompletionStage<Room> enter(String name, boolean joins) {
    var entered = new CompletableFuture<Room>();
    locked(
        () -> {
          if (state == State.CLOSED) {
            entered.completeExceptionally(new EarshotException("this client is closed"));
            return;
          }
          Place place = places.computeIfAbsent(name, _ -> new Place(name, false, THREADS));
          // Who is in a room hears it, and need not listen as well.
          boolean isThere = place.in || (!joins && place.listening);
          boolean hasListened = joins && place.listening;
          place.in |= joins;
          place.listening = !place.in;
          if (isThere && place.live) {
            entered.complete(new Room(this, place));
            return;
          }
          place.entering.add(entered);
          place.isPutOff = false;
          if (state == State.OPEN) {
            boolean isHeard = hasListened && place.live;
            var _ =
                enter(place)
                    .thenRun(
                        () -> {
                          if (isHeard && place.in) {
                            var _ = control(Map.of("event", "silenceRoom", "room", name));
                          }
                        });
          }
        });
    return entered.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Asks to be in a room, or to listen to it, or both; for who waits for it, and for itself. */
  private CompletableFuture<?> enter(Place place) {
    var done = new CompletableFuture<@Nullable Void>();
    tokenFor(
        place,
        token -> {
          var asking = new ArrayList<CompletableFuture<Json.Obj>>();
          if (place.in) {
            asking.add(control(asked(place.isHome ? "roomChange" : "roomAdd", place, token)));
          }
          if (place.listening) {
            asking.add(control(asked("listenToRoom", place, token)));
          }
          // Done when the answers were heeded, not when they came.
          CompletableFuture<?>[] heeded =
              asking.stream()
                  .map(each -> each.whenComplete((answer, failure) -> heed(place, answer, failure)))
                  .toArray(CompletableFuture<?>[]::new);
          var _ = CompletableFuture.allOf(heeded).whenComplete((_, _) -> done.complete(null));
        });
    return done;
  }

  private void heed(Place place, Json.@Nullable Obj answer, @Nullable Throwable failure) {
    if (answer != null) {
      hears(place, answer);
    } else if (failure instanceof EarshotException why && isLive()) {
      refused(place, why);
    }
  }

  private static Map<String, Object> asked(String verb, Place place, @Nullable String token) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", verb);
    fields.put("room", place.name);
    if (place.known != null) {
      fields.put("after", place.known.toString());
    }
    if (token != null) {
      fields.put("token", token);
    }
    return fields;
  }

  private void hears(Place place, Json.Obj answer) {
    boolean isRecovered = Json.of(true).equals(answer.get("recovered"));
    Cursor now = cursor(answer);
    boolean isBack = place.known != null && !place.live;
    if (!isRecovered && now != null && !place.live) {
      place.known = now;
    }
    place.live = true;
    if (isBack) {
      place.tell(new Event.Resumed(isRecovered));
    }
    List<CompletableFuture<Room>> waiting = List.copyOf(place.entering);
    place.entering.clear();
    THREADS.execute(() -> waiting.forEach(each -> each.complete(new Room(this, place))));
  }

  private void refused(Place place, EarshotException refusal) {
    List<CompletableFuture<Room>> waiting = List.copyOf(place.entering);
    place.entering.clear();
    RuntimeException none = place.noToken;
    if (none != null && waiting.isEmpty()) {
      putOff(place); // one was in there, and will be when tokens can be had again
      return;
    }
    EarshotException why =
        none == null
            ? refusal
            : new EarshotException("no token for " + place.name + ": " + Line.why(none), none);
    if (waiting.isEmpty()) {
      place.tell(new Event.Expelled(String.valueOf(why.getMessage())));
    }
    forget(place);
    waiting.forEach(each -> fail(each, why));
  }

  /** Enters a room in a while, if the line is still the one then. */
  private void putOff(Place place) {
    if (place.isPutOff) {
      return;
    }
    place.isPutOff = true;
    Attempt here = attempt;
    later(
        backoff.millis(4),
        () -> {
          if (attempt == here && place.isPutOff && (place.in || place.listening)) {
            place.isPutOff = false;
            var _ = enter(place);
          }
        });
  }

  /**
   * Asks for a room's token, which may take its time; then goes on if the line is still the one.
   */
  private void tokenFor(Place place, Consumer<@Nullable String> then) {
    Attempt here = attempt;
    THREADS.execute(
        () -> {
          String token = null;
          RuntimeException failure = null;
          try {
            token = tokens.apply(place.name);
          } catch (RuntimeException e) {
            failure = e; // which matters if the server asks for one
          }
          String found = token;
          RuntimeException none = failure;
          locked(
              () -> {
                if (attempt == here) {
                  place.noToken = none;
                  then.accept(found);
                }
              });
        });
  }

  CompletionStage<@Nullable Void> leave(Place place) {
    var left = new CompletableFuture<@Nullable Void>();
    locked(
        () -> {
          if (place.isHome) {
            left.completeExceptionally(
                new EarshotException("the default room is where one is when one leaves another"));
            return;
          }
          boolean in = place.in;
          boolean listening = place.listening;
          forget(place);
          var all = new ArrayList<CompletableFuture<?>>();
          if (state == State.OPEN && in) {
            all.add(control(Map.of("event", "roomLeave", "room", place.name)));
          }
          if (state == State.OPEN && listening) {
            all.add(control(Map.of("event", "silenceRoom", "room", place.name)));
          }
          var _ =
              CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                  .whenComplete((_, _) -> THREADS.execute(() -> left.complete(null)));
        });
    return left.orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  Room home() {
    lock.lock();
    try {
      if (home == null) {
        throw new EarshotException("not connected yet");
      }
      return new Room(this, home);
    } finally {
      lock.unlock();
    }
  }

  // --- what is asked ---------------------------------------------------------------------------

  CompletionStage<Cursor> say(
      Place place, Object message, @Nullable String key, @Nullable String value) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "say");
    fields.put("room", place.name);
    fields.put("message", message);
    if (key != null) {
      fields.put(Audience.KEY, key);
      fields.put(Audience.VALUE, String.valueOf(value));
    }
    return request(fields, UUID.randomUUID().toString(), true)
        .thenApply(
            answer -> {
              Cursor at = cursor(answer);
              return at == null ? new Cursor("", 0) : at;
            });
  }

  CompletionStage<RoomStatus> members(Place place) {
    return request(Map.of("event", "roomView", "room", place.name), "q" + number(), true)
        .thenApply(
            answer -> {
              var members = new ArrayList<String>();
              if (answer.get("roomStatus") instanceof Json.Obj status
                  && status.get("members") instanceof Json.Array(List<Json> all)) {
                all.forEach(each -> members.add(String.valueOf(each.asText())));
              }
              return new RoomStatus(place.name, members, cursor(answer));
            });
  }

  CompletionStage<Map<String, Json>> act(String name, Map<String, ?> params) {
    var given = new LinkedHashMap<String, Object>(params);
    given.put("action", name);
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "action");
    fields.put("params", given);
    return request(fields, "q" + number(), false)
        .thenApply(
            answer -> {
              var all = new LinkedHashMap<>(answer.fields());
              List.of("context", "messageCount", "messageId").forEach(all::remove);
              return all;
            });
  }

  private long number() {
    lock.lock();
    try {
      return ++asked;
    } finally {
      lock.unlock();
    }
  }

  private CompletableFuture<Json.Obj> request(
      Map<String, ?> fields, String name, boolean mayBeRepeated) {
    var all = new LinkedHashMap<String, Object>(fields);
    all.put("messageId", name);
    var request = new Request((Json.Obj) Json.from(all), mayBeRepeated);
    locked(
        () -> {
          if (state == State.CLOSED) {
            fail(request.answer, new EarshotException("this client is closed"));
          } else if (requests.size() >= MOST_WAITING) {
            fail(request.answer, new EarshotException("too much waits for an answer already"));
          } else {
            requests.put(name, request);
            flush();
          }
        });
    return request
        .answer
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .whenComplete((_, _) -> locked(() -> requests.remove(name)));
  }

  /** Asks something of this one line, now; its answer comes under the lock. */
  private CompletableFuture<Json.Obj> control(Map<String, ?> fields) {
    String name = "c" + ++asked;
    var all = new LinkedHashMap<String, Object>(fields);
    all.put("messageId", name);
    var answer = new CompletableFuture<Json.Obj>();
    controls.put(name, answer);
    attempt.send(encoded((Json.Obj) Json.from(all)));
    return answer;
  }

  // --- the rest --------------------------------------------------------------------------------

  String id() {
    lock.lock();
    try {
      return id;
    } finally {
      lock.unlock();
    }
  }

  State state() {
    lock.lock();
    try {
      return state;
    } finally {
      lock.unlock();
    }
  }

  Flow.Publisher<State> states() {
    return states;
  }

  void close() {
    locked(
        () -> {
          if (state == State.CLOSED) {
            return;
          }
          become(State.CLOSED);
          states.close();
          Line line = attempt.line;
          if (line != null) {
            line.send("{\"event\":\"quit\"}");
            line.close();
          }
          var failure = new EarshotException("this client is closed");
          requests.values().forEach(request -> fail(request.answer, failure));
          requests.clear();
          for (Place place : places.values()) {
            place.entering.forEach(each -> fail(each, failure));
            place.events.close();
          }
        });
  }

  private static String encoded(Json.Obj json) {
    return new String(json.encode(), UTF_8);
  }

  private static String text(Json.Obj json, String name) {
    Json value = json.get(name);
    return value == null ? "" : String.valueOf(value.asText());
  }

  private static long number(Json.Obj json, String name) {
    return json.get(name) instanceof Json.Num(String literal) && literal.matches("\\d{1,18}")
        ? Long.parseLong(literal)
        : 0;
  }

  private static @Nullable Cursor cursor(Json.Obj json) {
    return json.get("epoch") instanceof Json.Text(String epoch)
            && json.get("offset") instanceof Json.Num
        ? new Cursor(epoch, number(json, "offset"))
        : null;
  }
}
