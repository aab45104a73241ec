//! A global variable that anybody may count in: reading or writing one is `unsafe`, and a lock makes it neither.

#[cfg(fixed)]
static COUNT: workyard::sync::blocking::Mutex<u32> = workyard::sync::blocking::Mutex::new(0);

#[cfg(not(fixed))]
static mut COUNT: u32 = 0;

pub fn mistake() {
    #[cfg(fixed)]
    let mut count = COUNT.lock();
    #[cfg(fixed)]
    let count = &mut *count;
    #[cfg(not(fixed))]
    let count = &mut COUNT; //~ E0133
    *count += 1;
}
