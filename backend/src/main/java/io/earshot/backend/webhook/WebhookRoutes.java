package io.earshot.backend.webhook;

import io.earshot.backend.webhook.DeadLetters.Letter;
import io.earshot.protocol.Json;
import io.earshot.spi.ExtensionContext;
import io.earshot.spi.ExtensionContext.AdminRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The paths of the admin API for webhooks.
 *
 * <p>Immutable.
 *
 * @param hooks the webhooks of this server, in the order of the setting
 */
record WebhookRoutes(List<SentRule> hooks) {
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1_000;

  /** A rule, and what an operator can do with it. */
  record SentRule(Webhook webhook, Resending resending) {}

  private interface Reply {
    Json of(AdminRequest request) throws IOException;
  }

  void addTo(ExtensionContext context) {
    add(context, "GET", "webhooks", ignored -> list());
    add(context, "GET", "webhooks/*", request -> described(find(request)));
    add(context, "GET", "webhooks/*/dead", this::dead);
    add(context, "POST", "webhooks/*/retry", this::retry);
    add(context, "DELETE", "webhooks/*/dead", this::delete);
  }

  private static void add(ExtensionContext context, String method, String shape, Reply reply) {
    context.adminRoute(
        method,
        shape,
        request -> {
          try {
            return CompletableFuture.completedStage(reply.of(request));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private SentRule find(AdminRequest request) {
    String name = request.names().getFirst();
    return hooks.stream()
        .filter(each -> each.webhook().rule().name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new NoSuchElementException("webhooks.rules has no rule of this name: " + name));
  }

  private Json list() {
    return object("webhooks", hooks.stream().map(WebhookRoutes::described).toList());
  }

  private static Json described(SentRule sent) {
    WebhookRule rule = sent.webhook().rule();
    WebhookState.Snapshot state = sent.webhook().state().snapshot();
    DeadLetters letters = sent.webhook().letters();
    return object(
        "name", rule.name(),
        "url", rule.shownUrl(),
        "events", rule.events(),
        "rooms", rule.rooms(),
        "state", state.isFailing() ? "failing" : state.lastSuccess() > 0 ? "ok" : "idle",
        "sent", state.sent(),
        "failures", state.failures(),
        "lastSuccess", state.lastSuccess() > 0 ? state.lastSuccess() : null,
        "lastError", state.lastErrorAt() > 0 ? state.lastError() : null,
        "lastErrorAt", state.lastErrorAt() > 0 ? state.lastErrorAt() : null,
        "dead", letters.size(),
        "deadDropped", letters.dropped(),
        "resending", sent.resending().size());
  }

  private Json dead(AdminRequest request) throws IOException {
    SentRule sent = find(request);
    int limit = (int) number(request, "limit", DEFAULT_LIMIT, MAX_LIMIT);
    List<Letter> page =
        sent.webhook().letters().page(number(request, "after", 0, Long.MAX_VALUE), limit + 1);
    boolean isMore = page.size() > limit;
    List<Json> dead = new ArrayList<>();
    for (Letter letter : isMore ? page.subList(0, limit) : page) {
      dead.add(object("event", letter.event(), "deadAt", letter.at(), "why", letter.why()));
    }
    var fields = new LinkedHashMap<String, Object>();
    fields.put("name", sent.webhook().rule().name());
    fields.put("dead", dead);
    if (isMore || isCut(sent, page)) {
      fields.put("next", String.valueOf(page.get(dead.size() - 1).number()));
    }
    return Json.from(fields);
  }

  /** Whether a page ended early, because its letters are long. */
  private static boolean isCut(SentRule sent, List<Letter> page) throws IOException {
    return !page.isEmpty() && !sent.webhook().letters().page(page.getLast().number(), 1).isEmpty();
  }

  private static long number(AdminRequest request, String name, long usual, long most) {
    String text = request.query().get(name);
    if (text == null) {
      return usual;
    }
    if (!text.matches("\\d{1,18}") || Long.parseLong(text) > most) {
      throw new IllegalArgumentException(
          name + " is a number" + (most < Long.MAX_VALUE ? " up to " + most : ", as next has it"));
    }
    return Long.parseLong(text);
  }

  private Json retry(AdminRequest request) {
    SentRule sent = find(request);
    sent.resending().ask(ids(request, sent));
    return object("name", sent.webhook().rule().name(), "resending", sent.resending().size());
  }

  private Json delete(AdminRequest request) throws IOException {
    SentRule sent = find(request);
    int deleted = sent.webhook().letters().remove(ids(request, sent));
    return object("name", sent.webhook().rule().name(), "deleted", deleted);
  }

  /** The ids of letters in the body; those of all letters without a body. */
  private static List<String> ids(AdminRequest request, SentRule sent) {
    List<String> there = sent.webhook().letters().ids();
    Map<String, Json> body = request.body();
    if (body.isEmpty()) {
      return there;
    }
    if (body.size() == 1 && body.get("ids") instanceof Json.Array(List<Json> items)) {
      Set<String> all = Set.copyOf(there);
      var ids = new ArrayList<String>();
      for (Json item : items) {
        if (!(item instanceof Json.Text(String id))) {
          throw new IllegalArgumentException("ids is a list of texts");
        }
        if (all.contains(id)) {
          ids.add(id);
        }
      }
      return ids;
    }
    throw new IllegalArgumentException(
        "write {\"ids\":[\"ID\"]} for some dead letters, or no body for all of them");
  }

  /** An object of keys and values, in turn. */
  private static Json object(@Nullable Object... keysAndValues) {
    var fields = new LinkedHashMap<String, Object>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      fields.put(String.valueOf(keysAndValues[i]), Json.from(keysAndValues[i + 1]));
    }
    return Json.from(fields);
  }
}
