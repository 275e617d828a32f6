package io.earshot.metrics;

import io.earshot.Transport;
import io.earshot.spi.Refusal;
import io.earshot.stats.CloseReason;
import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.earshot.stats.ResumeOutcome;
import io.earshot.stats.RunOutcome;
import io.earshot.stats.Work;
import io.micrometer.core.instrument.Tags;

/** Clients: their connections, what they were refused, and how they came back. */
final class ClientMeters {
  private ClientMeters() {}

  static void addTo(Meters meters) {
    for (Transport transport : Transport.values()) {
      Tags tags = Tags.of("transport", Label.of(transport));
      meters.gauge(
          "connections",
          null,
          "Connections that are open; for the transport web, HTTP clients with a message queue.",
          tags,
          server -> server.stats().counts().open(transport));
      meters.counter(
          "connections.opened",
          "Connections that were accepted.",
          tags,
          server -> server.stats().counts().opened().get(transport));
    }
    for (CloseReason reason : CloseReason.values()) {
      meters.counter(
          "connections.closed",
          "Connections that have ended, by the reason.",
          Tags.of("reason", Label.of(reason)),
          server -> server.stats().counts().closed().get(reason));
    }
    for (Refusal kind : Refusal.values()) {
      meters.counter(
          "refusals",
          "Connections and requests that were refused, by the kind of the limit.",
          Tags.of("kind", kind.key()),
          ignored -> meters.state().refused().getOrDefault(kind.key(), 0L));
    }
    answers(meters, "success", Counter.HTTP_SUCCESSES);
    answers(meters, "client_error", Counter.HTTP_CLIENT_ERRORS);
    answers(meters, "server_error", Counter.HTTP_SERVER_ERRORS);
    resumes(meters);
    meters.gauge(
        "lost.clients",
        "Clients that were lost, and whose places in rooms are kept for a while.",
        ignored -> meters.state().lostClients());
    meters.gauge(
        "waiting.polls",
        "HTTP requests that wait for a message.",
        ignored -> meters.state().waitingPolls());
    slowConsumers(meters);
    work(meters);
  }

  private static void answers(Meters meters, String outcome, Counter counter) {
    meters.counter(
        "http.responses",
        "HTTP requests that were answered, by the class of the status: below 400 (success), below"
            + " 500 (client_error), or above (server_error).",
        Tags.of("outcome", outcome),
        server -> server.stats().sum(counter));
  }

  private static void resumes(Meters meters) {
    for (ResumeOutcome outcome : ResumeOutcome.values()) {
      for (boolean isFromElsewhere : new boolean[] {false, true}) {
        meters.counter(
            "resumes",
            "Requests to resume a session, by the outcome, and by the server that had the session.",
            Tags.of(
                "outcome", Label.of(outcome), "session", isFromElsewhere ? "elsewhere" : "here"),
            server -> server.stats().counts().resumed(isFromElsewhere).get(outcome));
      }
    }
  }

  private static void slowConsumers(Meters meters) {
    meters.bytes(
        "backlog",
        "Bytes that wait for clients to read them; measured once a second.",
        server -> server.stats().sum(Gauge.BACKLOG_BYTES));
    meters.gauge(
        "backlogged.clients",
        "Clients for which bytes wait; measured once a second.",
        server -> server.stats().sum(Gauge.BACKLOGGED_CLIENTS));
    meters.counter(
        "slow.consumers.disconnected",
        "Clients that were disconnected because they read too slowly.",
        Tags.empty(),
        server -> server.stats().sum(Counter.CUT_OFF));
    meters.counter(
        "slow.consumers.left.out.messages",
        "Messages that were left out for clients that read too slowly, once for each client.",
        Tags.empty(),
        server -> server.stats().sum(Counter.LEFT_OUT));
  }

  private static void work(Meters meters) {
    for (RunOutcome outcome : RunOutcome.values()) {
      for (Work work : Work.values()) {
        if (work == Work.ACTION) {
          meters.counter(
              "actions",
              "Calls of actions, by the outcome.",
              Tags.of("outcome", Label.of(outcome)),
              server -> server.stats().counts().runs(work).get(outcome));
        } else if (outcome != RunOutcome.CANCELLED) { // which hooks never are
          meters.counter(
              "hooks",
              "Calls of hooks, by the kind of the hook and the outcome.",
              Tags.of("hook", Label.of(work), "outcome", Label.of(outcome)),
              server -> server.stats().counts().runs(work).get(outcome));
        }
      }
    }
    meters.gauge(
        "actions.running", "Actions that run.", ignored -> meters.state().runningActions());
  }
}
