package io.earshot.web;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.access.AccessPolicy;
import io.earshot.archive.ArchiveReader;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Place;
import io.earshot.history.History;
import io.earshot.hook.HookVerdict;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.room.RoomOrder;
import io.earshot.room.Shard;
import io.earshot.spi.Visitor;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Requests by HTTP clients to read a room, or to send a message to it, without being a member.
 *
 * <p>Immutable; each request runs on the room's event loop.
 */
public record RoomReaders(EngineContext engine, List<LoopContext> contexts) {

  /** The size of an answer without its messages and the room's name, in bytes. */
  private static final int ENVELOPE = 160;

  /** Reads messages of a room; see {@code Engine.read}. */
  public CompletableFuture<Excerpt> read(ExcerptRequest asked, int wait) {
    return read(asked, wait, engine.config().limits().answerBytes());
  }

  private CompletableFuture<Excerpt> read(ExcerptRequest asked, int wait, int answerBytes) {
    var answer = new CompletableFuture<Excerpt>();
    String name = asked.room();
    Start start = asked.start();
    int bytes = forMessages(answerBytes, name);
    Shard there = engine.rooms().shard(name);
    Runnable read =
        () ->
            there.tell(
                () ->
                    there.whenKnown(
                        name,
                        start.after(),
                        () -> readOrWait(there, name, start, asked.limit(), bytes, wait, answer)));
    if (start.history() > 0 && engine.archive().isFor(name)) {
      readEarlier(name, start, bytes, answer, read);
    } else {
      read.run();
    }
    return answer;
  }

  /**
   * Reads the newest messages, also those that the room does not remember.
   *
   * @param otherwise reads what the room remembers, if it needs nothing of the archive
   */
  private void readEarlier(
      String name, Start start, int bytes, CompletableFuture<Excerpt> answer, Runnable otherwise) {
    var unused =
        engine
            .archive()
            .readForEntry(name, start, bytes, RoomReaders::isForAll)
            .whenComplete(
                (page, failure) -> {
                  if (failure != null) {
                    answer.completeExceptionally(failure);
                  } else if (page == null || page.messages().isEmpty()) {
                    otherwise.run();
                  } else {
                    Boolean recovered = start.after() == null ? null : false;
                    int count = page.messages().size();
                    answer.complete(
                        new Excerpt(name, page.encoded(), page.end(), recovered, count, null));
                  }
                });
  }

  private static boolean isForAll(History.Entry entry) {
    return entry.audience() == null;
  }

  private static int forMessages(int answerBytes, String room) {
    return answerBytes - ENVELOPE - Json.of(room).encode().length;
  }

  /** Reads earlier messages of a room; see {@code Engine.readBefore}. */
  public CompletableFuture<Excerpt> readBefore(String name, @Nullable Cursor before, int limit) {
    int bytes = forMessages(engine.config().limits().answerBytes(), name);
    return engine
        .archive()
        .read(new ArchiveReader.Request(name, before, limit, bytes, RoomReaders::isForAll))
        .thenApply(page -> page.excerpt(name));
  }

  /** Reads messages of several rooms; see {@code Engine.read}. */
  public CompletableFuture<List<Excerpt>> read(List<ExcerptRequest> rooms, int wait) {
    List<CompletableFuture<Excerpt>> now = readAll(rooms, 0);
    CompletableFuture<List<Excerpt>> known =
        CompletableFuture.allOf(now.toArray(CompletableFuture<?>[]::new))
            .thenApply(ignored -> now.stream().map(CompletableFuture::join).toList());
    if (wait == 0) {
      return known;
    }
    var answer = new CompletableFuture<List<Excerpt>>();
    var unused =
        known.whenComplete(
            (found, failure) -> {
              if (failure != null) {
                answer.completeExceptionally(failure);
              } else if (found.isEmpty() || !found.stream().allMatch(RoomReaders::isUpToDate)) {
                answer.complete(found);
              } else {
                awaitAny(rooms, found, wait, answer);
              }
            });
    return answer;
  }

  private List<CompletableFuture<Excerpt>> readAll(List<ExcerptRequest> rooms, int wait) {
    int share = engine.config().limits().answerBytes() / Math.max(1, rooms.size());
    return rooms.stream().map(asked -> read(asked, wait, share)).toList();
  }

  /** Waits for a message of any room; the answer has what is known of the other rooms by then. */
  private void awaitAny(
      List<ExcerptRequest> rooms,
      List<Excerpt> known,
      int wait,
      CompletableFuture<List<Excerpt>> answer) {
    List<CompletableFuture<Excerpt>> waiting = readAll(rooms, wait);
    var unused =
        answer.whenComplete((ignored, failure) -> waiting.forEach(each -> each.cancel(false)));
    var unusedAny =
        CompletableFuture.anyOf(waiting.toArray(CompletableFuture<?>[]::new))
            .whenComplete(
                (ignored, failure) -> {
                  if (failure == null) {
                    answer.complete(
                        IntStream.range(0, known.size())
                            .mapToObj(i -> ended(waiting.get(i), known.get(i)))
                            .toList());
                  } else {
                    answer.completeExceptionally(failure);
                  }
                });
  }

  /** What a room was found to have; ends the wait if it was found to have nothing yet. */
  private static Excerpt ended(CompletableFuture<Excerpt> waiting, Excerpt otherwise) {
    return waiting.cancel(false) || waiting.isCompletedExceptionally() ? otherwise : waiting.join();
  }

  private static boolean isUpToDate(Excerpt now) {
    return now.messages().isEmpty() && !Boolean.FALSE.equals(now.recovered());
  }

  private static void readOrWait(
      Shard there,
      String name,
      Start start,
      int limit,
      int bytes,
      int wait,
      CompletableFuture<Excerpt> answer) {
    Excerpt now = read(there, name, start, limit, bytes);
    if (wait > 0 && isUpToDate(now)) {
      int millis = Math.min(wait, ChatAction.MAX_WAIT);
      there.polls().add(there.room(name), millis, now.recovered(), answer);
    } else {
      answer.complete(now);
      there.closeIfEmpty(name);
    }
  }

  private static Excerpt read(Shard there, String name, Start start, int limit, int bytes) {
    Room room = there.roomIfAny(name);
    if (room == null) {
      return new Excerpt(name, List.of(), null, start.after() == null ? null : false);
    }
    Excerpt found = room.log().read(start, Math.max(limit, 1), bytes, there.elapsed());
    return limit == 0 && found.history() == null
        ? new Excerpt(name, List.of(), found.next(), found.recovered())
        : found;
  }

  /** Verifies a token; see {@code Engine.verify}. */
  public Grant verify(String token) throws RefusedException {
    return engine.admission().verify(token);
  }

  /** Checks that a client may do something in a room; see {@code Engine.check}. */
  public void check(Visitor visitor, String room, Permission what, @Nullable Grant grant)
      throws RefusedException {
    String refusal = engine.admission().checkShown(place(visitor, room), what, grant).refusal();
    if (refusal != null) {
      throw new RefusedException(refusal);
    }
  }

  /** The client's place in a room; if it has none on this server, a place that has not joined. */
  private Place place(Visitor visitor, String room) {
    if (engine.connections().find(visitor.id()) instanceof WebConnection known
        && known.place().room.equals(room)
        && (visitor.login() == null || (known.login() != null && known.isOf(visitor.login())))) {
      return known.place();
    }
    LoopContext anywhere = contexts.get(engine.rooms().shard(room).index());
    return new Place(new WebConnection(anywhere, visitor, null), room);
  }

  /** Sends a message to a room; see {@code Engine.say}. */
  public CompletableFuture<Cursor> say(
      Visitor visitor,
      String name,
      @Nullable String token,
      Json message,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId) {
    var told = new CompletableFuture<Cursor>();
    List<String> parents = visitor.request().headers().getOrDefault("traceparent", List.of());
    Consumer<RoomOrder.SayResult> answered =
        RoomOrder.TracedSay.of(
            engine.sayTracer(),
            name,
            parents.isEmpty() ? null : parents.getFirst(),
            spoken -> answer(spoken, told));
    Place speaker = place(visitor, name);
    speaker
        .who()
        .tell(
            () ->
                engine
                    .admission()
                    .decideSay(
                        speaker,
                        message,
                        token,
                        verdict -> {
                          if (verdict.refusal() == null) {
                            String whose = RoomOrder.SayRequest.isUnique(messageId) ? "" : namer;
                            var saying =
                                new RoomOrder.SayRequest(
                                    verdict.message(),
                                    speaker.who().user(),
                                    audience,
                                    whose,
                                    messageId,
                                    message,
                                    true);
                            tell(visitor.id(), name, saying, answered, said(speaker, verdict));
                          } else {
                            told.completeExceptionally(new RefusedException(verdict.refusal()));
                            answered.accept(new RoomOrder.SayResult(null, verdict.refusal()));
                          }
                        }));
    return told;
  }

  private static void answer(RoomOrder.SayResult spoken, CompletableFuture<Cursor> told) {
    if (spoken.place() == null) {
      told.completeExceptionally(new RejectedExecutionException(String.valueOf(spoken.refusal())));
    } else {
      told.complete(spoken.place());
    }
  }

  /** Sends a signal to a room; see {@code Engine.signal}. */
  public void signal(
      Visitor visitor, String room, @Nullable Grant grant, Json content, @Nullable String kind)
      throws RefusedException {
    Place sender = place(visitor, room);
    String refusal =
        grant != null && !grant.isFor(room)
            ? AccessPolicy.FOR_ANOTHER_ROOM
            : engine
                .admission()
                .refusalToSignal(sender, content, grant == null ? sender.grant : grant);
    if (refusal != null) {
      throw new RefusedException(refusal);
    }
    sender.who().signal(sender, content, kind);
  }

  /** Tells hooks, on the loop of the speaker, that the message has its place; null for no hooks. */
  private @Nullable Consumer<RoomOrder.SayResult> said(Place speaker, HookVerdict verdict) {
    return engine.admission().tellsOfMessages(speaker)
        ? spoken ->
            speaker.who().tell(() -> engine.admission().said(speaker, verdict.message(), spoken))
        : null;
  }

  private void tell(
      String id,
      String name,
      RoomOrder.SayRequest saying,
      Consumer<RoomOrder.SayResult> answered,
      @Nullable Consumer<RoomOrder.SayResult> said) {
    boolean areMembers = engine.config().commonWeb().httpClientMessageTTL().isPresent();
    Shard there = engine.rooms().shard(name);
    there.tell(
        () -> {
          Room room = there.room(name);
          Consumer<RoomOrder.SayResult> traced = there.traced(answered);
          Consumer<RoomOrder.SayResult> then = said == null ? traced : traced.andThen(said);
          // With message queues the client may be a member, whose own messages are not queued.
          if (areMembers) {
            room.sayAs(Json.of(id), saying, then);
          } else {
            room.say(Json.of(id), null, saying, then);
          }
          there.endTraced();
          room.closeIfEmpty();
        });
  }
}
