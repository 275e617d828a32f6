package io.earshot.netty.admin;

import io.earshot.Config;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.loop.Drain;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Empties the server before it stops.
 *
 * <p>Immutable.
 */
final class AdminDrain {
  private static final Duration LONGEST = Duration.ofHours(1);

  private final Config.General general;
  private final Drain drain;

  AdminDrain(Site site) {
    this.general = site.config().general();
    this.drain = site.drain();
  }

  CompletionStage<AdminReply> find() {
    return AdminReply.ok(encoded(drain.plan())).now();
  }

  CompletionStage<AdminReply> begin(AdminCall call) throws ProblemException {
    call.only("delaySeconds", "seconds");
    Duration delay = time(call, "delaySeconds", general.drainDelay());
    Duration time = time(call, "seconds", general.drainTime());
    Drain.Plan plan = drain.begin(new Drain.Plan(delay, time));
    return new AdminReply(HttpResponseStatus.ACCEPTED, encoded(plan).encode(), null).now();
  }

  private static Duration time(AdminCall call, String field, Duration otherwise)
      throws ProblemException {
    if (!call.body().containsKey(field)) {
      return otherwise;
    }
    Duration time = call.seconds(field);
    if (time.compareTo(LONGEST) > 0) {
      throw ProblemException.badRequest(field + " is at most " + LONGEST.toSeconds());
    }
    return time;
  }

  private Json encoded(Drain.@Nullable Plan plan) {
    return plan == null
        ? AdminPage.object("draining", false, "clients", drain.clients())
        : AdminPage.object(
            "draining",
            true,
            "clients",
            drain.clients(),
            "delaySeconds",
            plan.delay().toSeconds(),
            "seconds",
            plan.time().toSeconds());
  }
}
