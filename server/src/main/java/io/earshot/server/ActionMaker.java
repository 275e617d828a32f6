package io.earshot.server;

import io.earshot.Action;
import io.earshot.PlugIn;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the actions and plug-ins among some classes. */
final class ActionMaker {
  private ActionMaker() {}

  /** A class that is to be one of them, and cannot be made one; the message says what to do. */
  static final class UnfitClassException extends Exception {
    private static final long serialVersionUID = 1L;

    UnfitClassException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /**
   * One object of each class that is one of them, also of those that stand in another class.
   *
   * @throws UnfitClassException if one cannot be made
   */
  static List<Object> made(List<String> names, ClassLoader loader) throws UnfitClassException {
    var made = new ArrayList<>();
    for (String name : names) {
      try {
        Class<?> type = Class.forName(name, false, loader);
        if (isToBeMade(type)) {
          made.add(made(type));
        }
      } catch (InvocationTargetException e) {
        throw new UnfitClassException(name + " could not be made: " + e.getCause(), e);
      } catch (ReflectiveOperationException | LinkageError e) {
        throw new UnfitClassException(name + " could not be made: " + e, e);
      }
    }
    return made;
  }

  private static boolean isToBeMade(Class<?> type) {
    return (Action.class.isAssignableFrom(type) || PlugIn.class.isAssignableFrom(type))
        && !Modifier.isAbstract(type.getModifiers())
        && !type.isAnonymousClass()
        && !type.isLocalClass();
  }

  private static Object made(Class<?> type)
      throws ReflectiveOperationException, UnfitClassException {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true); // the class need not be public
      return constructor.newInstance();
    } catch (NoSuchMethodException e) {
      throw new UnfitClassException(
          type.getName()
              + " needs a constructor without parameters, and to be static if it stands in a class",
          e);
    }
  }
}
