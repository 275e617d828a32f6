package io.earshot.session;

import io.earshot.access.SessionTokens;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.Place;
import io.earshot.protocol.Cursor;
import io.earshot.room.MembershipTransfer;
import io.earshot.session.MultiRoomConnection.Countdown;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Hands the session of a connection over to the connection that resumes it; {@link Resumption} is
 * the other side.
 *
 * <p>Stateless. Called on the loop of the connection that has the session.
 */
final class SessionTransfer {
  private SessionTransfer() {}

  /**
   * Hands a session over to another connection of this server, which takes the places in rooms over
   * as they are.
   *
   * @param session the id of the session, and the number of the token that the client has
   * @param then called with the session, or with null if no connection has it any more; on any loop
   */
  static void toConnection(
      ClientConnection from,
      SessionTokens.Session session,
      ClientConnection next,
      Consumer<@Nullable Handover> then) {
    findHolder(
        from,
        session,
        then,
        holder -> {
          holder.tokens = holder.tokens.resumedBy(session.number());
          holder.giveUpSession();
          holder.heir = next;
          List<FormerPlace> places =
              holder.places().stream().map(SessionTransfer::withPlaceHere).toList();
          then.accept(holder.handover(holder, places));
        });
  }

  private static FormerPlace withPlaceHere(Place place) {
    return new FormerPlace(place.room, place.in, place.listening, place, null, null, place.grant);
  }

  /**
   * Hands a session over to another server. The places are given up without a leave, since the
   * other server decides whether the session has left the rooms.
   *
   * @param session the id of the session, and the number of the token that the client has
   * @param then called with the session, or with null if no connection has it any more; on any loop
   */
  static void toServer(
      ClientConnection from, SessionTokens.Session session, Consumer<@Nullable Handover> then) {
    findHolder(
        from,
        session,
        then,
        holder -> {
          holder.tokens = holder.tokens.resumedBy(session.number());
          holder.giveUpSession();
          holder.engine().forget(holder);
          List<Place> all = holder.places();
          var places = new FormerPlace[all.size()];
          var given =
              new Countdown(
                  places.length, () -> then.accept(holder.handover(null, List.of(places))));
          for (int i = 0; i < places.length; i++) {
            int at = i;
            giveUp(
                all.get(i),
                place -> {
                  places[at] = place;
                  given.run();
                });
          }
        });
  }

  /** Gives a place up on the room's loop, and continues on the connection's. */
  private static void giveUp(Place place, Consumer<FormerPlace> then) {
    boolean isIn = place.in;
    boolean isListening = place.listening;
    BiConsumer<@Nullable Cursor, @Nullable String> given =
        (known, listedIn) ->
            place
                .who()
                .tell(
                    () ->
                        then.accept(
                            new FormerPlace(
                                place.room,
                                isIn,
                                isListening,
                                null,
                                known,
                                listedIn,
                                place.grant)));
    place
        .who()
        .engine()
        .rooms()
        .in(
            place.room,
            room ->
                room.order()
                    .whenEntered(
                        place,
                        () ->
                            given.accept(MembershipTransfer.giveUp(room, place), place.listedIn())),
            () -> given.accept(null, null));
  }

  /**
   * Finds the connection that has a session now: the one that is asked, or one that resumed the
   * session since. A connection that is about to resume it is asked once it has.
   *
   * @param then called with null if no connection has the session, or the token is not valid
   * @param give called with the connection that has it, on its loop
   */
  private static void findHolder(
      ClientConnection asked,
      SessionTokens.Session session,
      Consumer<@Nullable Handover> then,
      Consumer<ClientConnection> give) {
    String id = session.id();
    asked
        .engine()
        .admission()
        .afterwards(
            asked,
            () -> {
              ClientConnection heir = asked.heir;
              if (asked.holding instanceof Resumption resuming
                  && resuming.queueUntilResumed(() -> findHolder(asked, session, then, give))) {
                return;
              }
              if (heir != null && asked.hasId(id)) {
                heir.tell(() -> findHolder(heir, session, then, give));
              } else if (asked.hasId(id)
                  && asked.hasSession()
                  && asked.tokens.accept(session.number())) {
                give.accept(asked);
              } else {
                then.accept(null);
              }
            });
  }
}
