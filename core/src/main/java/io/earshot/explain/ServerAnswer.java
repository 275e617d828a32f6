package io.earshot.explain;

import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one server, or several, answer to a {@link Question}.
 *
 * <p>Immutable.
 *
 * @param findings one for each message, in the order of their offsets
 * @param events what the findings are derived from, as JSON with the name of the server
 * @param connections how many connections the user has now
 * @param since since when all of the servers remember, in milliseconds since 1970
 * @param silent the servers that did not answer
 */
public record ServerAnswer(
    List<Finding> findings,
    List<Json.Obj> events,
    long connections,
    long since,
    List<String> silent) {
  private static final int MOST_EVENTS = 200;

  /** The answer of a server that did not give one. */
  public static ServerAnswer missing(String server) {
    return new ServerAnswer(List.of(), List.of(), 0, 0, List.of(server));
  }

  /** The form in which servers answer each other. */
  public Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("findings", findings.stream().map(Finding::toJson).toList());
    fields.put("events", events);
    fields.put("connections", connections);
    fields.put("since", since);
    return (Json.Obj) Json.from(fields);
  }

  /**
   * Reads that form.
   *
   * @throws IllegalArgumentException if the JSON has another form
   */
  public static ServerAnswer of(Json.Obj fields) {
    return new ServerAnswer(
        JsonFields.objects(fields, "findings").stream().map(Finding::of).toList(),
        JsonFields.objects(fields, "events"),
        JsonFields.number(fields, "connections"),
        JsonFields.number(fields, "since"),
        List.of());
  }

  /** What two servers answer together: for each message the finding that counts more. */
  public ServerAnswer plus(ServerAnswer other) {
    var best = new TreeMap<Long, Finding>();
    Stream.concat(findings.stream(), other.findings.stream())
        .forEach(
            each ->
                best.merge(
                    each.offset(), each, (a, b) -> b.outcome().compareTo(a.outcome()) < 0 ? b : a));
    var all = new ArrayList<>(events);
    all.addAll(other.events);
    all.sort(Comparator.comparingLong(event -> JsonFields.number(event, "at")));
    var names = new ArrayList<>(silent);
    names.addAll(other.silent);
    return new ServerAnswer(
        List.copyOf(best.values()),
        all.subList(Math.max(0, all.size() - MOST_EVENTS), all.size()),
        connections + other.connections,
        Math.max(since, other.since),
        names);
  }

  /** The answer for the one who asks. */
  public Json.Obj toJson(Question question) {
    Finding first = headline();
    var fields = new LinkedHashMap<String, Object>();
    fields.put("outcome", first.outcome().text());
    fields.put("text", first.text() + missing());
    fields.put("room", question.room());
    put(fields, "user", question.user());
    if (question.offset() > 0) {
      fields.putAll(first.toJson().fields());
      fields.put("text", first.text() + missing());
    } else {
      fields.put("messages", findings.stream().map(Finding::toJson).toList());
    }
    fields.put("connections", connections);
    fields.put("events", events);
    fields.put("since", since);
    fields.put("unanswered", silent);
    return (Json.Obj) Json.from(fields);
  }

  private static void put(
      LinkedHashMap<String, Object> fields, String name, @Nullable String value) {
    if (value != null) {
      fields.put(name, value);
    }
  }

  /** The newest message that was not received; if all were, the newest of all. */
  private Finding headline() {
    return findings.reversed().stream()
        .filter(each -> !each.outcome().isReceived())
        .findFirst()
        .orElseGet(
            () ->
                findings.isEmpty()
                    ? new Finding(
                        Outcome.UNKNOWN, 0, null, 0, null, "Unknown: no server has answered.")
                    : findings.getLast());
  }

  private String missing() {
    return silent.isEmpty() ? "" : " No answer came from " + String.join(", ", silent) + ".";
  }
}
