"""The scan app as an installed program: what it keeps, when it says that it is ready, how it changes versions."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.marcar import APP, Phone, Village, emptied, opened
from tests.browser.scanner import HASTEN, PHONE, wait_until
from trainings.attendance.phones import shell
from trainings.lib import tokens

KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys()) {
        const requests = await (await caches.open(name)).keys();
        for (const { url } of requests) found.push(url.split('kept=')[1]);
    }
    return found.sort();
}"""
DUMP = """async () => {
    const { databases, open } = indexedDB;
    const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
    const found = [JSON.stringify({ ...localStorage }), document.cookie];
    for (const { name } of await databases.call(indexedDB)) {
        const db = await asked(open.call(indexedDB, name));
        for (const store of db.objectStoreNames) {
            found.push(JSON.stringify(await asked(db.transaction(store).objectStore(store).getAll())));
        }
        db.close();
    }
    return found;
}"""
# Two codes were used by one phone; of one name, others have a number behind.
HELPERS = """SELECT count(*) FROM device AS d JOIN device_session AS s ON s.device_id = d.id
WHERE d.token_hash IS NOT NULL AND d.name LIKE 'Ayuda%' AND s.session_id = ?"""
LOOK_FOR_UPDATE = "async () => { await (await navigator.serviceWorker.ready).update() }"
REMEMBER = "() => { globalThis.sameDocument = true }"
SAME = "() => globalThis.sameDocument === true"


def test_program_is_kept_whole_without_names_and_changes_when_nobody_marks(
    phone: Phone, pocket: BrowserContext, village: Village
) -> None:
    show_no_name(phone, village)
    keep_the_program(phone, village)
    pocket.set_offline(True)
    let_a_new_version_wait(phone, pocket, village)
    read_without_webassembly(phone, pocket, village)
    open_in_english(phone, pocket, village)


def keep_the_program(phone: Phone, village: Village) -> None:
    parts = [urlsplit(address) for address in phone.addresses if not address.endswith((".png", ".webmanifest"))]
    asked = {f"{one.path}?{one.query}".rstrip("?") for one in parts if not one.path.startswith("/marcar/api/")}
    # Only a browser with tabs fetches what they show.
    asked.add(phone.page.locator("link[rel=icon]").get_attribute("href") or "")
    needed = {file.url for file in shell.precached() if file.reader != "jsqr"}
    assert asked == needed - {shell.ENGLISH_PATH}
    assert {one.netloc for one in parts} == {urlsplit(village.origin).netloc}
    wait_until(phone.page, f"async () => (await ({KEPT})()).length === {len(shell.precached())}")
    assert phone.page.evaluate(KEPT) == sorted(file.key for file in shell.precached())


def show_no_name(phone: Phone, village: Village) -> None:
    people = village.people(2)
    phone.scan(people[0].token)
    phone.expect_answer("present", people[0].name)
    phone.type_code(people[1].short_code)
    phone.expect_answer("present")
    phone.expect_queue("Todo enviado")

    everything = "".join(phone.page.evaluate(DUMP))

    assert len(everything) > 2000
    secrets = {part for one in village.made["people"] for part in (one["name"], one["token"], one["short_code"])}
    assert {secret for secret in {*secrets, "Caal", "Las Pozas"} if secret in everything} == set()


def open_in_english(phone: Phone, pocket: BrowserContext, village: Village) -> None:
    """Without signal."""
    pocket.set_offline(True)

    phone.page.get_by_role("link", name="English").click()

    expect(phone.page.locator("html")).to_have_attribute("lang", "en")
    expect(phone.page.get_by_role("link", name=village.made["title"])).to_be_visible()


def let_a_new_version_wait(phone: Phone, pocket: BrowserContext, village: Village) -> None:
    """In another window, until this one has left its door; what was marked meanwhile is sent."""
    [ana] = village.people(1)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    home = opened(pocket, village)
    home.page.evaluate(REMEMBER)
    pocket.set_offline(False)
    update = home.page.get_by_role("button", name="Actualizar")
    with village.fault("newer"):
        home.page.evaluate(LOOK_FOR_UPDATE)
        wait_until(home.page, "async () => (await navigator.serviceWorker.ready).waiting !== null")
        expect(update).to_be_hidden()
        assert home.page.evaluate(SAME)

        phone.follow("Sesiones", "inicio")
        update.click()
        home.page.wait_for_function("() => !globalThis.sameDocument")

        # As long as there is no other version again, which would be offered in turn.
        home.expect_ready()
        expect(update).to_be_hidden()
        home.expect_queue("Todo enviado")
        home.page.close()
    assert village.presences_of(ana) == 1


def read_without_webassembly(phone: Phone, pocket: BrowserContext, village: Village) -> None:
    """And without signal, with the other reader."""
    [ana] = village.people(1)
    pocket.set_offline(True)
    pocket.add_init_script("delete globalThis.WebAssembly")
    phone.reload()
    phone.to_door()

    phone.scan(ana.token)

    phone.expect_answer("present", ana.name)
    expect(phone.page.locator("[data-lens]")).to_have_attribute("data-reader", "jsqr")
    phone.page.get_by_role("button", name="Apagar").click()
    phone.expect_queue("Sin señal. 1 por enviar")
    pocket.set_offline(False)
    phone.send_now()
    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 1


def test_browser_that_cannot_read_the_program_says_so_and_leads_to_paper(browser: Browser, village: Village) -> None:
    context = browser.new_context(viewport=PHONE, locale="es-GT", service_workers="block")
    page = context.new_page()
    page.route("**/js/marcar/main.js*", lambda route: route.fulfill(body="const = ;", content_type="text/javascript"))
    # The time after which it is said stands still.
    context.new_cdp_session(page).send("Animation.setPlaybackRate", {"playbackRate": 0})
    page.goto(f"{village.origin}{APP}")
    words = page.get_by_text("el navegador de este teléfono es muy antiguo")
    expect(words).to_be_hidden()

    page.evaluate("() => document.getAnimations().forEach((one) => one.finish())")

    expect(words).to_be_visible()
    context.close()


def test_phone_on_a_poor_line_goes_on_being_prepared_by_itself_and_is_never_asked_to_be_again(
    lent: BrowserContext, village: Village
) -> None:
    """Nobody answers at first, then the server fails, then the list does not come."""
    context = emptied(lent, village)
    context.pages[0].add_init_script(f"({HASTEN})()")
    context.route("**/marcar/api/estado", lambda route: route.abort())
    phone = opened(context, village, cookie=village.phone())
    lacks, asked = phone.page.locator("[data-lacks]"), phone.page.get_by_text("todavía no está preparado")
    expect(lacks).to_contain_text("Sin señal no se sabe qué sesiones lleva")
    expect(asked).to_be_hidden()
    expect(phone.page.locator("[data-ready] progress")).to_be_visible()

    context.route("**/marcar/api/estado", lambda route: route.fulfill(status=500, json={}))
    expect(lacks).to_contain_text("El servidor no contesta")
    expect(phone.page.locator("[data-ready]")).to_have_attribute("data-state", "missing")
    context.route("**/lista", lambda route: route.abort())
    context.unroute("**/marcar/api/estado")
    expect(lacks).to_have_text("Falta la lista de 1 sesión.")
    expect(phone.page.locator("[data-sessions] .state")).to_have_text("Falta su lista")
    phone.visit("filas", village.made["session"])
    expect(phone.page.get_by_text("A este teléfono le falta la lista de la sesión")).to_be_visible()
    phone.follow("Sesiones", "inicio")
    context.unroute("**/lista")

    phone.expect_ready()
    expect(asked).to_be_hidden()
    context.route("**/marcar/api/estado", lambda route: route.fulfill(status=500, json={}))
    phone.look_until("[data-ready][data-state=missing]")
    expect(lacks).to_contain_text("El servidor no contesta")
    assert phone.complaints == []
    phone.page.close()


def test_phone_is_prepared_once_its_reader_is_kept_and_keeps_its_queue(
    pocket: BrowserContext, village: Village
) -> None:
    first, second = village.made["codes"][:2]
    [ana] = village.people(1)
    with village.fault("no-reader"):
        with pocket.expect_event("response", lambda answer: answer.url.endswith("/marcar/api/estado")) as told:
            phone = opened(pocket, village)
        expect(phone.page.get_by_text("Este teléfono todavía no está preparado.")).to_be_visible()
        assert told.value.status == 204, "whoever only looks finds nothing wrong"
        expect(phone.page.locator("[data-lacks]")).to_contain_text("Descargando la aplicación:")
        phone.page.goto(f"{village.origin}/marcar/alta#{first}")
        expect(phone.page.locator("[data-sessions] .state")).to_have_text("Falta descargar la aplicación")
        expect(phone.page.get_by_text("Todavía necesita señal")).to_be_visible()
    phone.page.evaluate("() => dispatchEvent(new Event('online'))")

    phone.expect_ready()
    expect(phone.page.locator("[data-sessions] .state")).to_have_text("Listo para usar sin señal")
    assert first not in phone.page.url
    phone.to_door()
    pocket.set_offline(True)
    phone.type_code(ana.short_code)
    phone.expect_answer("present")
    phone.visit("alta")
    phone.scan(f"{village.origin}/marcar/alta#{second}")
    expect(phone.page.get_by_role("alert").filter(has_text="hace falta señal")).to_be_visible()
    pocket.set_offline(False)
    phone.page.get_by_role("button", name="Preparar", exact=True).click()

    phone.expect_ready()
    phone.expect_queue("Todo enviado")
    assert village.presences_of(ana) == 1
    assert village.ask(HELPERS, village.made["session"]) == [(1,)]
    phone.visit("cierre", village.made["session"])
    expect(phone.page.get_by_text("Este teléfono solo avisa que la sesión terminó")).to_be_visible()
    phone.page.goto(f"{village.origin}/marcar/alta#{second}")
    expect(phone.page.get_by_role("alert").filter(has_text="lo que ya tiene se queda")).to_be_visible()
    phone.page.get_by_role("button", name="Preparar", exact=True).click()
    phone.expect_ready()
    use_up_codes(phone, pocket, village)


def use_up_codes(phone: Phone, pocket: BrowserContext, village: Village) -> None:
    """One that nobody knows, and too many of them, are refused in words."""
    phone.page.goto(f"{village.origin}/marcar/alta#{tokens.short_code()}")
    expect(phone.page.get_by_role("alert").filter(has_text="lo que ya tiene se queda")).to_be_visible()
    phone.page.get_by_role("button", name="Preparar", exact=True).click()
    expect(phone.page.get_by_role("alert").filter(has_text="no existe o ya venció")).to_be_visible()
    pocket.route("**/marcar/api/alta", lambda route: route.fulfill(status=429, headers={"retry-after": "3541"}))
    phone.page.get_by_role("button", name="Preparar", exact=True).click()
    expect(phone.page.get_by_role("alert").filter(has_text="Pruebe otra vez en 60 min.")).to_be_visible()
