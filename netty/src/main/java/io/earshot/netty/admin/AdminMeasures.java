package io.earshot.netty.admin;

import io.earshot.Measure;
import io.earshot.Moderation;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The measures of the admin API: lists, shows, creates and lifts bans, mutes and closures.
 *
 * <p>Immutable.
 */
record AdminMeasures(Moderation moderation) {

  AdminReply list(AdminCall call, Measure.Kind kind) throws ProblemException {
    List<Measure> all =
        switch (kind) {
          case BAN -> moderation.bans();
          case MUTE -> moderation.mutes();
          case CLOSURE -> moderation.closures();
        };
    int limit = call.limit();
    List<Measure> page = AdminPage.first(all.stream(), Measure::id, call.after(), limit + 1);
    return AdminPage.of(call.collection(), page, limit, Measure::id, Measure::toJson);
  }

  CompletionStage<AdminReply> ban(AdminCall call) throws ProblemException {
    call.only("target", "seconds", "reason");
    return created(call, moderation.ban(call.target(), call.time(), call.reason()));
  }

  CompletionStage<AdminReply> mute(AdminCall call) throws ProblemException {
    call.only("target", "room", "seconds", "reason");
    return created(
        call, moderation.mute(call.target(), call.roomIfAny(), call.time(), call.reason()));
  }

  private static CompletionStage<AdminReply> created(
      AdminCall call, CompletionStage<Measure> created) {
    String path = Site.ADMIN_PATH + call.collection() + "/";
    return created.thenApply(measure -> AdminReply.created(measure.toJson(), path + measure.id()));
  }

  AdminReply find(AdminCall call, Measure.Kind kind) throws ProblemException {
    return AdminReply.ok(found(call, kind).toJson());
  }

  CompletionStage<AdminReply> lift(AdminCall call, Measure.Kind kind) throws ProblemException {
    Measure measure = found(call, kind);
    return moderation.lift(measure.id()).thenApply(ignored -> AdminReply.ok(measure.toJson()));
  }

  private Measure found(AdminCall call, Measure.Kind kind) throws ProblemException {
    Measure found = moderation.find(call.name());
    if (found == null || found.kind() != kind) {
      throw new ProblemException(
          HttpResponseStatus.NOT_FOUND, "there is none of this id, or it is over");
    }
    return found;
  }
}
