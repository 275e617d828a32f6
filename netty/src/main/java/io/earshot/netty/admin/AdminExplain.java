package io.earshot.netty.admin;

import io.earshot.explain.Question;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.room.RoomUrl;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RoomName;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The explanations of the admin API: why a client did or did not receive a message.
 *
 * <p>Immutable.
 */
record AdminExplain(Site site) {
  private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

  /** The longest id of a user or a connection, in characters. */
  static final int LONGEST_ID = 128;

  CompletionStage<AdminReply> explain(AdminCall call) throws ProblemException {
    if (!site.config().explain().enabled()) {
      throw new ProblemException(
          HttpResponseStatus.CONFLICT, "the server remembers no events (explain.enabled)");
    }
    String user = id(call, "user");
    String connection = id(call, "connection");
    if ((user == null) == (connection == null)) {
      throw ProblemException.badRequest("name a user or a connection: user=ID or connection=ID");
    }
    String epoch = call.param("epoch");
    if (epoch != null && Cursor.parse(epoch + ":1") == null) {
      throw ProblemException.badRequest("epoch is not one that messages have");
    }
    var question =
        new Question(room(call.param("room")), offset(call), epoch, user, connection, since(call));
    return site.engine().explain(question).thenApply(AdminReply::ok);
  }

  /** The name of a room; an inbox of a user has one, too. */
  static String room(@Nullable String name) throws ProblemException {
    if (name == null) {
      throw ProblemException.badRequest("room is required");
    }
    return RoomName.isInbox(name) && RoomName.isValid(name) ? name : RoomUrl.valid(name);
  }

  private static @Nullable String id(AdminCall call, String name) throws ProblemException {
    String id = call.param(name);
    if (id != null && (id.isEmpty() || id.length() > LONGEST_ID)) {
      throw ProblemException.badRequest(name + " has 1 to " + LONGEST_ID + " characters");
    }
    return id;
  }

  private static long offset(AdminCall call) throws ProblemException {
    String text = call.param("offset");
    if (text == null) {
      return 0;
    }
    long offset = NUMBER.matcher(text).matches() ? Long.parseLong(text) : 0;
    if (offset == 0) {
      throw ProblemException.badRequest("offset is the offset of a message: a number from 1 on");
    }
    return offset;
  }

  private static long since(AdminCall call) throws ProblemException {
    String text = call.param("since");
    if (text == null) {
      return 0;
    }
    if (NUMBER.matcher(text).matches()) {
      return Long.parseLong(text);
    }
    try {
      return Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException | ArithmeticException e) {
      throw ProblemException.badRequest(
          "since is in milliseconds since 1970, or as 2026-01-31T03:12:00Z");
    }
  }
}
