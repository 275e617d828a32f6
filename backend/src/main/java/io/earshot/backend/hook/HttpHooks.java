package io.earshot.backend.hook;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Hooks;
import io.earshot.InlineAction;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.backend.http.BackEndClient;
import io.earshot.protocol.Json;
import io.earshot.spi.Extension;
import io.earshot.spi.ExtensionContext;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Back ends decide about requests of clients over HTTP ({@code hooks.http}): a hook for each event
 * of a rule, and an action for each name.
 *
 * <p>Stateless.
 */
public final class HttpHooks implements Extension {
  private static final System.Logger LOG = System.getLogger(HttpHooks.class.getName());
  private static final String UNDECIDED = "the server cannot decide now; try again later";
  private static final String UNANSWERED = "the server cannot do this now; try again later";

  /** For {@link java.util.ServiceLoader}. */
  public HttpHooks() {}

  @Override
  public List<String> asked(Config config) {
    return config.hooks().http().isEmpty() ? List.of() : List.of("hooks.http");
  }

  @Override
  public AutoCloseable start(ExtensionContext context) {
    Api api = context.api();
    Config config = api.configData();
    List<Rule> rules = RuleText.rules(config);
    checkActions(api, rules);
    var client = new BackEndClient(config.backEnds(), InstantSource.system());
    if (!client.isSigning()) {
      LOG.log(
          Level.WARNING,
          "hooks.http: requests are not signed, so back ends cannot know that they are this"
              + " server's: set backEnds.secrets");
    }
    var questions = new Questions(config, InstantSource.system());
    var all = new ArrayList<BackEnd>();
    for (Rule rule : rules) {
      var backEnd = new BackEnd(rule, client, context);
      all.add(backEnd);
      register(api, backEnd, questions);
    }
    context.adminRoute(
        "GET",
        "hooks",
        ignored ->
            CompletableFuture.completedStage(
                Json.from(Map.of("rules", all.stream().map(BackEnd::report).toList()))));
    return client;
  }

  private static void checkActions(Api api, List<Rule> rules) {
    for (Rule rule : rules) {
      for (String name : rule.actions()) {
        if (api.actions().find(name).isPresent()) {
          throw new IllegalArgumentException(
              "hooks.http: this server has an action '" + name + "' already; choose another name");
        }
      }
    }
  }

  private static void register(Api api, BackEnd backEnd, Questions questions) {
    Rule rule = backEnd.rule();
    Hooks hooks = api.hooks();
    for (Event event : rule.events()) {
      switch (event) {
        case CONNECT ->
            hooks.onConnect(
                (connection, client) -> {
                  if (rule.isFor(connection.room())) {
                    connect(backEnd, questions, connection, client);
                  }
                });
        case JOIN ->
            hooks.onJoin(
                rule.names(), join -> decided(rule, backEnd.ask(Event.JOIN, questions.join(join))));
        case SAY ->
            hooks.onSay(
                rule.names(),
                say -> {
                  Json message =
                      decided(rule, backEnd.ask(Event.SAY, questions.say(say))).message();
                  return message == null ? say.message() : message;
                });
        case ACTION ->
            rule.actions().forEach(name -> api.actions().add(action(name, backEnd, questions)));
      }
    }
  }

  /** What is allowed; refuses if there is nothing. */
  private static Verdict.Allowed decided(Rule rule, Verdict verdict) throws RefusedException {
    return switch (verdict) {
      case Verdict.Allowed allowed -> allowed;
      case Verdict.Refused refused -> throw new RefusedException(refused.reason());
      case Verdict.Away ignored -> {
        if (rule.allowsWhenAway()) {
          yield Verdict.ALLOWED;
        }
        throw new RefusedException(UNDECIDED);
      }
    };
  }

  private static void connect(
      BackEnd backEnd, Questions questions, Connection connection, Hooks.Connecting client)
      throws RefusedException, InterruptedException {
    Verdict verdict = backEnd.ask(Event.CONNECT, questions.connect(connection, client));
    Verdict.Allowed allowed = decided(backEnd.rule(), verdict);
    if (allowed.user() != null) {
      client.user(allowed.user());
    }
    allowed.attributes().forEach(connection::set);
    if (connection.transport() != Transport.WEB) { // which is in one room
      allowed.rooms().forEach(client::join);
    }
  }

  private static InlineAction action(String name, BackEnd backEnd, Questions questions) {
    List<String> params = backEnd.rule().params();
    return Action.of(name, call -> answer(name, backEnd, questions, call))
        .withDescription("Answered by a back end")
        .withOptional(params.toArray(String[]::new));
  }

  private static void answer(String name, BackEnd backEnd, Questions questions, Call call)
      throws RefusedException, InterruptedException {
    var question =
        questions.action(name, call.connection(), call.params(), backEnd.rule().params());
    switch (backEnd.ask(Event.ACTION, question)) {
      case Verdict.Allowed allowed -> allowed.fields().forEach(call::put);
      case Verdict.Refused refused -> throw new RefusedException(refused.reason());
      case Verdict.Away ignored -> throw new RefusedException(UNANSWERED);
    }
  }
}
