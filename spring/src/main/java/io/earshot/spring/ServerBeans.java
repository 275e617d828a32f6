package io.earshot.spring;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.Hooks;
import io.earshot.PlugIn;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;

/**
 * The beans that add to the server: actions, hooks and plug-ins, in the order of {@code @Order}.
 *
 * <p>Thread-safe: immutable.
 */
final class ServerBeans implements Consumer<Api> {
  private final ListableBeanFactory beans;

  ServerBeans(ListableBeanFactory beans) {
    this.beans = beans;
  }

  /** Adds all to a server that starts. */
  @Override
  public void accept(Api api) {
    Hooks hooks = api.hooks();
    each(Action.class, (name, action) -> api.actions().add(action));
    each(Hooks.LoginHook.class, (name, hook) -> hooks.onLogin(hook));
    each(Hooks.ConnectHook.class, (name, hook) -> hooks.onConnect(hook));
    each(Hooks.ConnectRequestHook.class, (name, hook) -> hooks.onConnect(hook));
    each(Hooks.JoinHook.class, (name, hook) -> hooks.onJoin(rooms(name), hook));
    each(Hooks.SayHook.class, (name, hook) -> hooks.onSay(rooms(name), hook));
    each(PlugIn.class, (name, plugIn) -> start(name, plugIn, api));
  }

  private <T> void each(Class<T> type, BiConsumer<String, T> use) {
    beans.getBeansOfType(type).entrySet().stream()
        .sorted(Map.Entry.comparingByValue(AnnotationAwareOrderComparator.INSTANCE))
        .forEach(bean -> use.accept(bean.getKey(), bean.getValue()));
  }

  private String rooms(String bean) {
    InRooms rooms = beans.findAnnotationOnBean(bean, InRooms.class);
    return rooms == null ? "*" : rooms.value();
  }

  private static void start(String name, PlugIn plugIn, Api api) {
    try {
      plugIn.start(api.forPlugIn());
    } catch (Exception e) {
      throw new EarshotStartException(
          "Earshot cannot start: the bean " + name + " failed: " + e, e);
    }
  }
}
