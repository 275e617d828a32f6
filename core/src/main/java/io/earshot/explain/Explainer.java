package io.earshot.explain;

import io.earshot.connection.ConnectionActions;
import io.earshot.connection.ConnectionActions.PeerSessions;
import io.earshot.connection.Directory;
import io.earshot.events.Event;
import io.earshot.events.EventKind;
import io.earshot.explain.Facts.Client;
import io.earshot.explain.Facts.Message;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.room.Rooms;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * Explains whether a client received a message, or why not.
 *
 * <p>Thread-safe: final parts, which are thread-safe.
 */
public final class Explainer {

  /** How many connections of a user the text is about. */
  private static final int MOST_TOLD = 3;

  private final Rooms rooms;
  private final Directory connections;
  private final ConnectionActions actions;

  public Explainer(Rooms rooms, Directory connections, ConnectionActions actions) {
    this.rooms = rooms;
    this.connections = connections;
    this.actions = actions;
  }

  /** Explains it, by what all servers of the cluster know. Completed on any thread. */
  public CompletionStage<Json.Obj> explain(Question question) {
    CompletionStage<ServerAnswer> here = here(question);
    PeerSessions peers = actions.peers();
    CompletionStage<ServerAnswer> all =
        peers == null
            ? here
            : here.thenCombine(peers.askAll(question.toJson()), (own, others) -> plus(own, others));
    return all.thenApply(answer -> answer.toJson(question));
  }

  private static ServerAnswer plus(ServerAnswer own, Map<String, Json> others) {
    ServerAnswer sum = own;
    for (Map.Entry<String, Json> each : others.entrySet()) {
      sum = sum.plus(read(each.getKey(), each.getValue()));
    }
    return sum;
  }

  private static ServerAnswer read(String server, Json answer) {
    try {
      return answer instanceof Json.Obj fields && fields.get("findings") != null
          ? ServerAnswer.of(fields)
          : ServerAnswer.missing(server);
    } catch (IllegalArgumentException e) {
      return ServerAnswer.missing(server); // a server of another version
    }
  }

  /** Explains it by what this server knows. */
  public CompletionStage<ServerAnswer> here(Question question) {
    return new Gathering(question, rooms, connections)
        .facts()
        .thenApplyAsync(facts -> answer(question, facts), Thread::startVirtualThread);
  }

  private ServerAnswer answer(Question question, Facts facts) {
    long wallOffset = rooms.wallTime() - rooms.elapsed();
    var findings = new ArrayList<Finding>();
    for (Message message : facts.messages()) {
      if (message.at() + wallOffset >= question.since()) {
        findings.add(finding(question, facts, message, wallOffset));
      }
    }
    if (findings.isEmpty()) {
      findings.add(new Absence(question, facts, wallOffset).finding());
    }
    return new ServerAnswer(
        findings,
        facts.events().stream()
            .filter(event -> event.at() + wallOffset >= question.since())
            .map(event -> named(event.toJson(wallOffset)))
            .toList(),
        facts.count(),
        Math.max(facts.eventsSince(), facts.messagesSince()) + wallOffset,
        List.of());
  }

  private Json.Obj named(Json.Obj event) {
    var fields = new LinkedHashMap<>(event.fields());
    fields.put("server", Json.of(rooms.server()));
    return new Json.Obj(fields);
  }

  private static Finding finding(Question question, Facts facts, Message message, long wallOffset) {
    var findings = new ArrayList<Finding>();
    for (Client client : facts.clients()) {
      List<Event> events =
          facts.events().stream().filter(each -> each.connection().equals(client.id())).toList();
      var words =
          new Wording(
              name(question, facts),
              question.room(),
              message.place().offset(),
              message.at(),
              client,
              wallOffset);
      findings.add(new Judge(facts, message, client, events, words).finding());
    }
    if (findings.isEmpty()) {
      return new Absence(question, facts, wallOffset).neverHeardOf(message.place().offset());
    }
    findings.sort(Comparator.comparing(Finding::outcome));
    Finding best = findings.getFirst();
    var text = new StringBuilder(best.text());
    for (int i = 1; !best.outcome().isReceived() && i < Math.min(MOST_TOLD, findings.size()); i++) {
      text.append(' ').append(findings.get(i).text());
    }
    if (findings.size() > 1 || facts.count() > findings.size()) {
      text.append(" Looked at ").append(findings.size()).append(" of its connections");
      text.append(facts.count() > findings.size() ? "; it has " + facts.count() + " now." : ".");
    }
    if (isChanged(facts, message)) {
      text.append(" A hook had changed the message.");
    }
    return new Finding(
        best.outcome(), best.offset(), best.epoch(), best.at(), best.connection(), text.toString());
  }

  private static boolean isChanged(Facts facts, Message message) {
    return facts.events().stream()
        .anyMatch(
            event ->
                event.kind() == EventKind.SAY_CHANGED
                    && event.to() == message.place().offset()
                    && message.place().epoch().equals(event.epoch()));
  }

  /** The user as people know it: name and id; or the id of the connection. */
  static String name(Question question, Facts facts) {
    if (question.user() == null) {
      return "Connection " + question.connection();
    }
    String name = null;
    for (Event event : facts.events()) {
      name = event.name() != null && question.user().equals(event.user()) ? event.name() : name;
    }
    for (Client client : facts.clients()) {
      User user = client.user();
      name = user != null && user.name() != null ? user.name() : name;
    }
    return name == null ? "User " + question.user() : name + " (" + question.user() + ")";
  }
}
